"""What an epoch of each sampler keeps, crops and pads, and how long its rows take to be worked out.

```
python tests/benchmarks/rows.py --bos 50256              # the source files of the packages that are installed
python tests/benchmarks/rows.py --corpus data/owt/gpt2
```

A token is kept if it is in x or y of a row of the epoch, and cropped if it is in none; padded are places of
x. Counts are of the rows themselves; for `random`, of as many samples as make up the corpus. Expect that
`packed` crops nothing, but documents of a single token where there is no `bos`, and pads less than 1 % from
some thousand documents on; that `aligned` crops the more, the longer documents are beside a row; and 1.5 to
3.5 s for the table of `aligned` for a million documents.
"""

from __future__ import annotations

import argparse
import logging
import os
import sysconfig
import tempfile
import time
from pathlib import Path

import numpy as np

import corpuskit
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.order import Order
from corpuskit.batches.stream import TokenStream

SIZES = (512, 2048, 8192)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", help="a prepared corpus; by default one of source files is made")
    parser.add_argument(
        "--megabytes", type=int, default=100, help="the text of the one that is made, at most"
    )
    parser.add_argument("--bos", type=int, help="an id in front of each document, for packed and aligned")
    parser.add_argument(
        "--documents", type=int, default=1_000_000, help="documents of the table that is timed"
    )
    options = parser.parse_args()
    logging.getLogger("corpuskit").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CORPUSKIT_CACHE_DIR"] = os.environ.get("CORPUSKIT_CACHE_DIR") or f"{folder}/cache"
        corpus = corpuskit.open(options.corpus or source_files(Path(folder), options.megabytes))
        split = corpus[corpus.splits[0]]
        sizes = np.diff(split.document_ends(), prepend=0)
        print(
            f"{split.num_tokens:,} tokens in {len(sizes):,} documents, median {np.median(sizes):,.0f}, "
            f"mean {sizes.mean():,.0f} tokens\n"
        )
        print(
            "| T | sampler | rows | tokens kept | cropped | places padded |\n|---:|---|---:|---:|---:|---:|"
        )
        for block_size in SIZES:
            for name in ("random", "shuffled", "packed", "aligned"):
                bos = {"bos": options.bos} if options.bos and name in ("packed", "aligned") else {}
                counts(split, name, block_size, bos)
        time_table(options.documents)


def source_files(folder: Path, megabytes: int) -> Path:
    """A corpus of the source files of this installation, each a document."""
    left = megabytes * 10**6
    with (folder / "files.txt").open("w") as names:
        for path in sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py")):
            if (left := left - path.stat().st_size) < 0:
                break
            names.write(f"{path}\n")
    corpus = corpuskit.prepare(
        f"@{folder / 'files.txt'}",
        format="text",
        encoding="gpt2",
        split="none",
        invalid_utf8="replace",
        output=folder / "corpus",
    )
    return corpus.path


def counts(split: TokenStream, name: str, block_size: int, options: dict[str, int]) -> None:
    """Print a line of the table."""
    order = Order(split, BatchOptions(block_size=block_size, sampler=name, sampler_options=options))
    rows = order.samples_per_epoch or -(-split.num_tokens // block_size)
    edges = np.zeros(split.num_tokens + 1, np.int64)
    places = 0
    for first in range(0, rows, 4096):
        samples = np.arange(first, min(first + 4096, rows))
        places += int(order.spans(samples).places.sum())
        for targets in (False, True):
            spans = order.spans(samples, targets=targets)
            np.add.at(edges, spans.starts, 1)
            np.add.at(edges, spans.starts + spans.lengths, -1)
    kept = int(np.count_nonzero(np.cumsum(edges)[:-1]))
    print(
        f"| {block_size:,} | `{name}` | {rows:,} | {kept:,} | {1 - kept / split.num_tokens:.2%} | "
        f"{1 - places / (rows * block_size):.2%} |"
    )


def time_table(num_documents: int) -> None:
    """Print how long the rows of made-up lengths take."""
    from collections import Counter

    from corpuskit.samplers import aligned, packed

    lengths = np.random.default_rng(0).lognormal(6, 1, num_documents).astype(np.int64) + 1
    ends = np.cumsum(lengths)
    began = time.perf_counter()
    for _ in packed.tables(ends, 2048):
        pass
    middle = time.perf_counter()
    counted: Counter[str] = Counter()
    for _ in aligned.tables(ends, 2048, bos=False, buffer=1000, refill=128, counted=counted):
        pass
    end = time.perf_counter()
    print(f"\n{num_documents:,} documents, T = 2,048:", end=" ")
    print(f"packed {middle - began:.1f} s, aligned {end - middle:.1f} s")


if __name__ == "__main__":
    main()
