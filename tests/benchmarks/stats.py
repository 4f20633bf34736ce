"""How fast a corpus is counted: `corpuskit.stats` beside plain passes over the same bytes.

Each way runs in a process of its own, one after the other, several rounds in one run; the table gives the
medians of the rounds: seconds of one core, so that it matters less who else is using the machine, MB of
shards a second, the ratio to the first row of the same round, and the peak memory of the process. The files
are read once before. The time to start Python and to import what is needed is not counted; that of opening
the tokenizer is.

    python tests/benchmarks/stats.py                          # a corpus of 1 GB, made in a temporary folder
    python tests/benchmarks/stats.py --corpus data/mine/gpt2

The corpus that is made has Zipf's distribution over a vocabulary and documents of log-normal lengths, a tenth
of them copies.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHARD_TOKENS = 50_000_000


def made_corpus(folder: Path, options: argparse.Namespace) -> Path:
    """A corpus of so many bytes, by no text at all."""
    import numpy as np

    from corpuskit import sealed
    from corpuskit.corpus.index import new_rows
    from corpuskit.tokenizers.opening import open_tokenizer

    tokenizer = open_tokenizer(options.encoding)
    dtype = np.dtype("<u2" if tokenizer.vocab_size <= 2**16 else "<u4")
    generator = np.random.default_rng(0)
    used = min(tokenizer.vocab_size, 40_000)
    shares = 1 / np.arange(1, used + 1)
    likely = np.repeat(generator.permutation(used), np.ceil(shares * 2**16).astype(int)).astype(dtype)
    shards, left = [], options.megabytes * 10**6 // dtype.itemsize
    while left > 0:
        size = min(left, SHARD_TOKENS)
        ids = likely[generator.integers(0, len(likely), size)]
        lengths = generator.lognormal(np.log(options.document_tokens), 1.0, size).astype(np.int64) + 2
        ends = np.cumsum(lengths)
        ends = np.append(ends[ends < size], size)
        starts = np.concatenate(([0], ends[:-1]))
        for a, b, c in zip(starts[::10], ends[::10], ends[1::10], strict=False):  # a copy, where it fits
            ids[b : b + min(b - a, c - b)] = ids[a : a + min(b - a, c - b)]
        if tokenizer.eot_id is not None:
            ids[ends - 1] = tokenizer.eot_id
        rows = new_rows(ends, 0, starts, 0)
        file = folder / f"train-{len(shards):05d}.bin"
        file.write_bytes(ids.tobytes())
        file.with_suffix(".idx").write_bytes(rows.tobytes())
        record = {"file": file.name, "num_tokens": size, "num_documents": len(rows), "size_bytes": ids.nbytes}
        record["sha256"] = hashlib.sha256(ids.tobytes()).hexdigest()
        record["index_sha256"] = hashlib.sha256(rows.tobytes()).hexdigest()
        shards.append(record)
        left -= size
    tokens, documents = (sum(shard[name] for shard in shards) for name in ("num_tokens", "num_documents"))
    manifest = {
        "format_version": 3,
        "corpuskit_version": "0",
        "dataset": "made",
        "inputs": [{"name": "made", "size_bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}],
        "tokenizer": {
            "name": tokenizer.name,
            "vocab_size": tokenizer.vocab_size,
            "eot_id": tokenizer.eot_id,
            "fingerprint": tokenizer.fingerprint,
        },
        "dtype": dtype.str,
        "options": {"eot": tokenizer.eot_id is not None},
        "splits": {"train": {"num_tokens": tokens, "num_documents": documents, "shards": shards}},
    }
    (folder / "manifest.json").write_bytes(sealed.to_bytes(manifest))
    return folder


def run_sha256(path: Path) -> None:
    """hashlib.sha256 over each shard, in pieces of 4 MiB."""
    for file in sorted(path.glob("*.bin")):
        digest = hashlib.sha256()
        with file.open("rb") as opened:
            while piece := opened.read(4 * 2**20):
                digest.update(piece)


def run_bincount(path: Path) -> None:
    """The same, and numpy.bincount of the ids: the least that counts anything."""
    import numpy as np

    dtype = json.loads((path / "manifest.json").read_bytes())["dtype"]
    for file in sorted(path.glob("*.bin")):
        digest = hashlib.sha256()
        with file.open("rb") as opened:
            while piece := opened.read(2**19):
                digest.update(piece)
                np.bincount(np.frombuffer(piece, dtype).astype(np.int64), minlength=2**16)


def run_verify(path: Path) -> None:
    """corpuskit.verify."""
    import corpuskit

    assert not corpuskit.verify(path)


def run_stats(path: Path) -> None:
    """corpuskit.stats."""
    import corpuskit

    corpuskit.stats(path, block_size=1024)


WAYS = {"sha256": run_sha256, "sha256 + bincount": run_bincount, "corpuskit.verify": run_verify}
WAYS["corpuskit.stats"] = run_stats


def measured(way: str, path: Path) -> tuple[float, float]:
    """Seconds of one core and peak MB of one way, in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--corpus", str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def peak_mb() -> float:
    """The most memory that this process has had; what getrusage says is that of its parent, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


def report(options: argparse.Namespace, path: Path) -> None:
    size_mb = sum(file.stat().st_size for file in path.glob("*.bin")) / 1e6
    run_sha256(path)
    rounds = [{way: measured(way, path) for way in WAYS} for _ in range(options.rounds)]
    first = next(iter(WAYS))
    print(f"{size_mb:,.0f} MB of shards, medians of {options.rounds} rounds")
    print(f"{'':<20}{'CPU s':>8}{'MB/s':>8}{'ratio':>8}{'peak MB':>10}")
    for way in WAYS:
        seconds = statistics.median(one[way][0] for one in rounds)
        ratio = statistics.median(one[way][0] / one[first][0] for one in rounds)
        peak = max(one[way][1] for one in rounds)
        print(f"{way:<20}{seconds:>8.2f}{size_mb / seconds:>8.0f}{ratio:>8.2f}{peak:>10.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, help="count this corpus; by default one is made")
    parser.add_argument("--encoding", default="gpt2")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--document-tokens", type=int, default=400, help="the median length of documents")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        import corpuskit

        corpuskit.stats, corpuskit.verify  # noqa: B018 - their imports are not what is timed
        started = time.process_time()
        WAYS[options.way](options.corpus)
        print(time.process_time() - started, peak_mb())
    elif options.corpus:
        report(options, options.corpus)
    else:
        with tempfile.TemporaryDirectory() as folder:
            report(options, made_corpus(Path(folder), options))


if __name__ == "__main__":
    main()
