"""How fast imports are: each format beside `cp` and fsync of the same files, on the same disk.

A corpus is exported to each format, and the files are imported and copied in turn, several rounds in one run.
Each import runs in a process of its own. The table gives the medians of the rounds: MB of files, seconds by
the clock and of a core, the time beside `cp` of the same round, and the peak memory of the process. The time
to start Python and to import what is needed is not counted. Each byte is hashed twice, as it is read and as
it is written, which is most of what an import costs a core; `cp` hashes nothing. Three threads share the
work, so the ratio depends on how many cores are free.

    python tests/benchmarks/imports.py                          # a corpus of 1 GB, made in a temporary folder
    python tests/benchmarks/imports.py --formats datatrove olmo --rounds 5
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

FORMATS: dict[str, dict[str, object]] = {
    "nanogpt": {},
    "llmc": {},
    "megatron": {},
    "datatrove": {},
    "olmo": {},
    "litdata": {"block_size": 2049},
    "mds": {"block_size": 2048},
    "safetensors": {},
    "levanter": {},
    "arrow": {},
    "parquet": {},
}


def copied(folder: Path, output: Path) -> float:
    """The seconds that copying and flushing the files of a folder takes."""
    output.mkdir()
    start = time.perf_counter()
    for number, path in enumerate(path for path in folder.rglob("*") if path.is_file()):
        shutil.copyfile(path, output / str(number))
        with (output / str(number)).open("rb") as file:
            os.fsync(file.fileno())
    return time.perf_counter() - start


def measured(format: str, folder: Path, output: Path, encoding: str) -> dict[str, float]:
    """One import, in this process."""
    import corpuskit
    import corpuskit.formats.importing
    from corpuskit.formats.opening import open_format
    from corpuskit.tokenizers.opening import open_tokenizer

    open_format(format)
    open_tokenizer(encoding).token_bytes()
    if format in ("arrow", "parquet"):
        import pyarrow.parquet  # noqa: F401
    start, cpu = time.perf_counter(), time.process_time()
    corpuskit.import_tokens(folder, format, name="back", encoding=encoding, output=output)
    elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    return {"seconds": elapsed, "cpu": cpu, "peak_mb": int(peak[1]) / 1024}


def rounds(format: str, folder: Path, options: argparse.Namespace) -> list[dict[str, float]]:
    """The rounds of one format: a copy, then an import."""
    found = []
    for _ in range(options.rounds):
        copy, output = folder.with_name("copy"), folder.with_name("back")
        seconds = copied(folder, copy)
        command = [sys.executable, __file__, "--encoding", options.encoding]
        command += ["--one", format, str(folder), str(output)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        found.append(json.loads(done.stdout))
        found[-1]["ratio"] = found[-1]["seconds"] / seconds
        shutil.rmtree(copy)
        shutil.rmtree(output)
    return found


def main() -> None:
    """Measure all formats, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=[*FORMATS])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--document-tokens", type=int, default=400)
    parser.add_argument("--encoding", default="gpt2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where files go; a temporary folder by default")
    parser.add_argument("--one", nargs=3, metavar=("FORMAT", "FOLDER", "OUTPUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        format, folder, output = options.one
        print(json.dumps(measured(format, Path(folder), Path(output), options.encoding)))
        return
    import corpuskit

    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        corpus, folder = Path(name, "corpus"), Path(name, "files")
        corpus.mkdir()
        made_corpus(corpus, options)
        print("| format | MB | s | of a core | times cp | peak MB |\n|---|---|---|---|---|---|")
        for format in options.formats:
            corpuskit.export(corpus, format, folder, **FORMATS[format])  # type: ignore[arg-type]
            size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            rows = rounds(format, folder, options)
            seconds, cpu, ratio, peak = (
                statistics.median(row[key] for row in rows) for key in ("seconds", "cpu", "ratio", "peak_mb")
            )
            line = f"| {format} | {size_mb:,.0f} | {seconds:.2f} | {cpu:.2f} | {ratio:.2f} | {peak:,.0f} |"
            print(line, flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
