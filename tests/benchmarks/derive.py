"""How fast corpora are derived, beside `cp` of the same files on the same disk.

Each way runs in a process of its own, one after the other, several rounds in one run; the table gives the
medians of the rounds: seconds, their ratio to `cp` in the same round, seconds of one core, which depend less
on who else uses the machine, and the peak memory of the process. `cp` is followed by a sync of its files,
because what corpuskit has made is on the disk when it says so. The files are read once before. The time to
start Python and to import what is needed is not counted: each process has done the same to a tiny corpus.

    python tests/benchmarks/derive.py                        # a corpus of 1 GB in a temporary folder
    python tests/benchmarks/derive.py --megabytes 4000 --document-tokens 30
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: What is done to the corpora in the folder `F`; each makes F/made.
WAYS = {
    "filter --min-tokens (few dropped)": "corpuskit.filter(F / 'one', F / 'made', min_tokens=SHORT)",
    "filter --min-tokens (half dropped)": "corpuskit.filter(F / 'one', F / 'made', min_tokens=MEDIAN)",
    "filter --exclude (a hundredth)": "corpuskit.filter(F / 'one', F / 'made', exclude=F / 'ids.txt')",
    "reshard": "corpuskit.reshard(F / 'one', F / 'made', shard_bytes='100MB')",
    "concat (of two halves)": "corpuskit.concat([F / 'left', F / 'right'], F / 'made')",
    "split valid=0.01": "corpuskit.split(F / 'one', 'valid=0.01', F / 'made')",
}
COPY = "cp, and sync"

_RUN = """
import json, sys, time
from pathlib import Path
import corpuskit, corpuskit.derivation.api, pyarrow.compute
F, SHORT, MEDIAN = Path(sys.argv[1]) / "tiny", int(sys.argv[2]), int(sys.argv[3])
{code}
F = F.parent
began, worked = time.perf_counter(), time.process_time()
{code}
took, worked = time.perf_counter() - began, time.process_time() - worked
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps([took, worked, int(status["VmHWM"].split()[0]) / 1024]))
"""


def made(folder: Path, megabytes: int, document_tokens: int, seed: int) -> None:
    """A corpus of random ids in documents of log-normal lengths, with an id each."""
    import numpy as np

    from corpuskit.corpus.index import new_rows
    from corpuskit.corpus.manifest import InputRecord, TokenizerRecord
    from corpuskit.corpus.writer import Block, CorpusWriter, Description

    generator = np.random.default_rng(seed)
    description = Description(
        dataset="made",
        tokenizer=TokenizerRecord(name="made", vocab_size=50257, eot_id=50256, fingerprint="0" * 64),
        dtype="<u2",
        options={"eot": True, "shard_bytes": 2**28},
        inputs=[InputRecord(name=f"made-{seed}", size_bytes=0, sha256="0" * 64)],
        fields={"id": "str"},
    )
    left, number = megabytes * 10**6 // 2, 0
    folder.parent.mkdir(exist_ok=True)
    with CorpusWriter(folder, description, shard_bytes=2**28) as writer:
        with writer.split("train") as split:
            while left > 0:
                size = min(left, 2**22)
                lengths = generator.lognormal(np.log(document_tokens), 1.0, size).astype(np.int64) + 1
                ends = np.cumsum(lengths)
                ends = np.append(ends[ends < size], size)
                ids = generator.integers(0, 50257, size).astype("<u2")
                names = [f"document-{seed}-{n}" for n in range(number, number + len(ends))]
                split.add(Block(ids, new_rows(ends, 0, np.arange(len(ends)), 7), fields={"id": names}))
                left -= size
                number += len(ends)
        writer.commit(run={})
    every = range(0, number, 100)
    (folder.parent / "ids.txt").write_text("".join(f"document-{seed}-{n}\n" for n in every))


def copied(folder: Path) -> tuple[float, float, float]:
    """Seconds that `cp` of the corpus takes, until all of it is on the disk, and those of a core."""
    began, worked = time.perf_counter(), _worked_by_children()
    subprocess.run(["cp", "-r", str(folder / "one"), str(folder / "made")], check=True)
    subprocess.run(["sync", *map(str, (folder / "made").iterdir())], check=True)
    return time.perf_counter() - began, _worked_by_children() - worked, 0.0


def _worked_by_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000, help="of ids")
    parser.add_argument("--document-tokens", type=int, default=400, help="the median")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where; by default a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        for name in ("one", "left", "right"):
            made(folder / "tiny" / name, 1, options.document_tokens, 1)
        made(folder / "left", options.megabytes // 2, options.document_tokens, 2)
        made(folder / "right", options.megabytes - options.megabytes // 2, options.document_tokens, 3)
        made(folder / "one", options.megabytes, options.document_tokens, 1)
        seconds: dict[str, list[float]] = {name: [] for name in (COPY, *WAYS)}
        work: dict[str, list[float]] = {name: [] for name in seconds}
        memory: dict[str, float] = {}
        for _ in range(options.rounds):
            for way in seconds:
                for path in (folder / "one").iterdir():
                    path.read_bytes()
                if way == COPY:
                    took, worked, peak = copied(folder)
                else:
                    program = _RUN.format(code=WAYS[way])
                    sizes = [max(2, options.document_tokens // 10), options.document_tokens]
                    command = [sys.executable, "-c", program, str(folder), *map(str, sizes)]
                    done = subprocess.run(command, check=True, capture_output=True, text=True)
                    took, worked, peak = json.loads(done.stdout)
                seconds[way].append(took)
                work[way].append(worked)
                memory[way] = max(memory.get(way, 0.0), peak)
                for path in (folder / "made", folder / "tiny" / "made"):
                    shutil.rmtree(path, ignore_errors=True)
        print(
            f"{options.megabytes:,} MB, documents of {options.document_tokens} tokens, {os.cpu_count()} cores"
        )
        print(f"{'':36} {'s':>6} {'x cp':>6} {'core s':>6} {'x cp':>6} {'MB':>6}")
        for way in seconds:
            cells = []
            for found in (seconds, work):
                pairs = zip(found[way], found[COPY], strict=True)
                cells += [statistics.median(found[way]), statistics.median(a / b for a, b in pairs)]
            print(f"{way:36}", *(f"{cell:6.2f}" for cell in cells), f"{memory[way]:6.0f}")


if __name__ == "__main__":
    main()
