"""How many segments the batches of `packed` may have, what `max_pieces` costs, and how long it takes to know.

```
python tests/benchmarks/segments.py
```

The documents are made up: a million of 400 tokens in the median, and some of two tokens, which best fit puts
side by side. Expect that without `max_pieces` a batch may have some hundred segments a row beside 12 in the
mean, that a limit of five times the mean pads less than 1 %, and that counting takes a tenth of packing.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from corpuskit.samplers.base import SamplerContext
from corpuskit.samplers.packed import PackedSampler

OPTIONS = (
    {},
    {"max_pieces": 64},
    {"max_pieces": 32},
    {"pad_to_multiple": 16},
    {"pad_to_multiple": 16, "max_pieces": 64},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--block-size", type=int, default=8192)
    parser.add_argument("--rows", type=int, default=8, help="rows of a rank's batch")
    given = parser.parse_args()
    lengths = np.random.default_rng(0).lognormal(6, 1, given.documents).astype(np.int64)
    ends = np.cumsum(np.maximum(lengths, 2))
    pairs = int(ends[-1]) - given.documents
    print("| options | pieces a row | segments a batch | places padded | packed | counted |")
    print("|---|---:|---:|---:|---:|---:|")
    for options in OPTIONS:
        began = time.perf_counter()
        sampler = PackedSampler(
            SamplerContext(
                num_tokens=int(ends[-1]),
                block_size=given.block_size,
                seed=0,
                document_ends=lambda: ends,
                options=options,
            )
        )
        packed = time.perf_counter()
        bounds = sampler.segment_bounds(given.rows, given.block_size, given.block_size, lambda: ends)
        counted = time.perf_counter()
        rows = sampler.samples_per_epoch
        said = ", ".join(f"{name} {value}" for name, value in options.items()) or "none"
        print(
            f"| {said} | {given.documents / rows:.1f} | {bounds.sum():,} | "
            f"{1 - pairs / (rows * given.block_size):.2%} | {packed - began:.2f} s | "
            f"{counted - packed:.2f} s |"
        )


if __name__ == "__main__":
    main()
