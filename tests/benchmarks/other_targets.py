"""What further targets and fill in the middle cost: batches beside plain ones, of documents of two lengths.

```
python tests/benchmarks/other_targets.py
```

The ids are made up and in memory. Times are of the processor, which other work on the machine hardly changes,
the best of some rounds, with what is worked out for later batches shared among all. Expect some 0.4 ms more
for `fim` where documents have hundreds of tokens, and 1.6 ms where they have twenty, three thousand in a
batch: no Python runs for a document or a token.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from corpuskit.arrays import Tokens
from corpuskit.batches import Batches
from corpuskit.batches.stream import TokenStream

FIM = {"rate": 0.5, "prefix": 1, "suffix": 2, "middle": 3}
OPTIONS = {
    "none": {},
    "documents": {"documents": "mask"},
    "num_targets 2": {"num_targets": 2},
    "num_targets 4": {"num_targets": 4},
    "fim 0.5": {"fim": FIM},
    "fim 1": {"fim": FIM | {"rate": 1}},
    "fim 0.5, num_targets 2, documents": {"fim": FIM, "num_targets": 2, "documents": "mask"},
}


class Made(TokenStream):
    """Random ids in memory, in documents of random lengths."""

    name, dtype, fingerprint, num_ids = "train", np.dtype(np.uint16), "", 60_000

    def __init__(self, num_tokens: int, mean: int) -> None:
        draws = np.random.default_rng(0)
        self._ids = draws.integers(10, self.num_ids, num_tokens).astype(np.uint16)
        ends = np.cumsum(draws.integers(1, 2 * mean, num_tokens // mean))
        self._ends = ends[ends <= num_tokens]
        self.num_tokens = num_tokens
        self.shard_starts = np.array([0, num_tokens])

    def shard(self, number: int) -> Tokens:
        return self._ids

    def document_ends(self) -> np.ndarray:
        return self._ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=20_000_000)
    parser.add_argument("--batches", type=int, default=140)
    given = parser.parse_args()
    columns = [(mean, sampler) for mean in (600, 20) for sampler in ("random", "packed")]
    heads = [f"`{sampler}`, documents of {mean}" for mean, sampler in columns]
    print(f"| options | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}")
    streams = {mean: Made(given.tokens, mean) for mean in (600, 20)}
    for name, options in OPTIONS.items():
        found = [
            measure(
                Batches(
                    streams[mean], batch_size=64, block_size=1024, sampler=sampler, output="numpy", **options
                ),
                given.batches,
            )
            for mean, sampler in columns
        ]
        print(f"| {name} | {' | '.join(f'{one * 1000:.2f} ms' for one in found)} |", flush=True)


def measure(batches: Batches, count: int, *, rounds: int = 5) -> float:
    """Seconds of the processor that a batch takes in the best of some rounds."""
    best = float("inf")
    for number in range(rounds):
        batches.seek(step=number)
        coming = iter(batches)
        next(coming)
        began = time.process_time()
        for _ in range(count):
            next(coming)
        best = min(best, (time.process_time() - began) / count)
    return best


if __name__ == "__main__":
    main()
