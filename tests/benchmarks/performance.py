"""The tables of docs/performance.md, in Markdown, from one run.

    python tests/benchmarks/performance.py --corpus documents.jsonl --megatron Megatron-LM > tables.md

The corpus is JSON Lines with a field "text". The fast ways prepare all of it, and every way its first
--sample MB. What is not installed is left out; `prepare.py` and `batches.py` say how each is measured.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import tempfile
from pathlib import Path

import batches
import prepare
import torch

FAST = ("corpuskit", "gigatoken-script", "megatron")
ALL = ("corpuskit", "gigatoken-script", "megatron", "tiktoken", "nanogpt", "huggingface", "datasets")
PACKAGES = ("numpy", "torch", "tiktoken", "gigatoken", "tokenizers", "datasets", "transformers", "litdata")
#: The rows of the table of batches: what they are called there, and by batches.py.
BATCHES = {
    "nanoGPT's `get_batch`": "nanoGPT get_batch",
    "a plain map-style DataLoader": "plain map-style DataLoader",
    "HF datasets in torch format, DataLoader": "HF datasets, DataLoader",
    "LitData, `TokensLoader`": "LitData, TokensLoader",
    "corpuskit, `random`": "corpuskit random",
    "corpuskit, `shuffled`": "corpuskit shuffled",
    "corpuskit, `random` with document ids": "corpuskit random, documents",
    "corpuskit, `packed`": "corpuskit packed",
    "corpuskit, a mixture of three": "corpuskit mixture of 3, random",
    "corpuskit's map-style dataset, DataLoader": "corpuskit random, map-style DataLoader",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--encoding", default="gpt2")
    parser.add_argument(
        "--sample", type=float, default=60, metavar="MB", help="for the slow ways; %(default)s"
    )
    parser.add_argument("--megatron", metavar="FOLDER", help="a checkout of Megatron-LM")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scratch", default=None, help="where the files go")
    options = parser.parse_args()
    options.separator = None
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions()}\n", flush=True)
    whole = options.corpus
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        preparing(FAST, options)
        options.corpus = str(Path(folder, "sample.jsonl"))
        with Path(whole).open("rb") as lines, Path(options.corpus).open("wb") as sample:
            sample.writelines(lines.readlines(int(options.sample * 1e6)))
        preparing(ALL, options)
    reading(options)


def versions() -> str:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def preparing(ways: tuple[str, ...], options: argparse.Namespace) -> None:
    size, rows = prepare.compare(prepare.possible(ways, options), options)
    print(f"{size / 1e6:.0f} MB of text, `{options.encoding}`, {options.rounds} rounds:\n")
    print("| | time | CPU time | MB of text a second | peak memory |\n|---|---:|---:|---:|---:|")
    for row in rows:
        found = f"{row.ratio:.2f} | {row.cpu_ratio:.2f} | {row.speed:.3g} | {row.memory / 1e9:.1f} GB"
        print(f"| {row.title} | {found} |")
    print(flush=True)


def reading(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        split, tokens = batches.synthetic(Path(folder), 50_000_000, 1)
        rows = batches.table(split, tokens, 64, 1024, 3, names=tuple(BATCHES.values()))
    print("Batches of 64 x 1024, int64 and contiguous, on one core:\n")
    print("| | microseconds a batch | times nanoGPT's `get_batch` |\n|---|---:|---:|")
    for title, name in BATCHES.items():
        if name in rows:
            microseconds, nanogpt, _ = rows[name]
            print(f"| {title} | {microseconds:,.0f} | {nanogpt:.1f} |")


if __name__ == "__main__":
    main()
