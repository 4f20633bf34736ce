"""How fast exports are: each format beside `cp` and fsync of the same bytes, on the same disk.

Each way runs in a process of its own, one after the other, several rounds in one run. The table gives the
medians of the rounds: seconds by the clock and of a core, MB written a second, the time that a MB takes
beside `cp` of the same round, and the peak memory of the process. The shards are in the page cache before.
The time to start Python and to import what is needed is not counted. Each byte is hashed twice, as it is read
and as it is written, which is most of what an export costs a core; `cp` hashes nothing, so one row does.

    python tests/benchmarks/export.py                          # a corpus of 1 GB, made in a temporary folder
    python tests/benchmarks/export.py --corpus data/mine/gpt2
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stats import made_corpus

ROWS = {"block_size": 2049}
WAYS: dict[str, tuple[str, dict[str, object]] | None] = {
    "cp and fsync": None,
    "cp, fsync, sha256 twice": None,
    "nanogpt": ("nanogpt", {}),
    "nanogpt --link": ("nanogpt", {"link": True}),
    "llmc": ("llmc", {}),
    "llmc --end-of-text-first": ("llmc", {"end_of_text_first": True}),
    "megatron": ("megatron", {}),
    "datatrove": ("datatrove", {}),
    "datatrove --shard-tokens 100M": ("datatrove", {"shard_tokens": 10**8}),
    "olmo": ("olmo", {}),
    "litdata": ("litdata", ROWS),
    "mds": ("mds", ROWS),
    "safetensors": ("safetensors", {}),
    "levanter": ("levanter", {}),
    "arrow": ("arrow", {}),
    "parquet": ("parquet", {}),
    "parquet --text": ("parquet", {"text": True}),
}


def copied(corpus: Path, output: Path, *, hashed: bool) -> None:
    """The corpus's shards and indexes, copied and flushed."""
    import hashlib

    output.mkdir()
    for path in [*corpus.glob("*.bin"), *corpus.glob("*.idx")]:
        shutil.copyfile(path, output / path.name)
        with (output / path.name).open("rb") as file:
            os.fsync(file.fileno())
            for _ in range(2 if hashed else 0):
                file.seek(0)
                hashlib.file_digest(file, "sha256")


def measured(way: str, corpus: Path, output: Path) -> dict[str, float]:
    """One way, in this process."""
    import corpuskit
    from corpuskit.formats.opening import open_format

    export = WAYS[way]
    if export is not None:
        open_format(export[0])
        corpuskit.open(corpus)
        if export[0] in ("arrow", "parquet"):
            import pyarrow.parquet  # noqa: F401
    start, cpu = time.perf_counter(), time.process_time()
    if export is None:
        copied(corpus, output, hashed="sha256" in way)
    else:
        name, options = export
        corpuskit.export(corpus, name, output, **options)  # type: ignore[arg-type]
    elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    written = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return {"seconds": elapsed, "cpu": cpu, "peak_mb": int(peak[1]) / 1024, "mb": written / 1e6}


def main() -> None:
    """Measure all ways, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--document-tokens", type=int, default=400)
    parser.add_argument("--encoding", default="gpt2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where exports go; a temporary folder by default")
    parser.add_argument("--one", nargs=3, metavar=("WAY", "CORPUS", "OUTPUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one[0], Path(options.one[1]), Path(options.one[2]))))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        corpus = options.corpus
        if corpus is None:
            corpus = Path(name) / "corpus"
            corpus.mkdir()
            made_corpus(corpus, options)
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(options.rounds):
            for way, rows in found.items():
                output = Path(name) / "out"
                command = [sys.executable, __file__, "--one", way, str(corpus), str(output)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
                rows.append(json.loads(done.stdout))
                rows[-1]["pace"] = rows[-1]["mb"] / rows[-1]["seconds"]
                rows[-1]["ratio"] = found["cp and fsync"][-1]["pace"] / rows[-1]["pace"]
                shutil.rmtree(output)
        print("| way | s | of a core | MB/s | times cp | peak MB |\n|---|---|---|---|---|---|")
        for way, rows in found.items():
            seconds, cpu, pace, ratio, peak = (
                statistics.median(row[key] for row in rows)
                for key in ("seconds", "cpu", "pace", "ratio", "peak_mb")
            )
            print(f"| {way} | {seconds:.2f} | {cpu:.2f} | {pace:,.0f} | {ratio:.2f} | {peak:,.0f} |")


if __name__ == "__main__":
    main()
