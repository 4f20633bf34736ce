"""What one item of `dataset()` and one document of a split cost, beside a plain map dataset, on one core.

```
python tests/benchmarks/items.py                       # a corpus of a million documents, made for it
```

Each row is timed in turns with the plain dataset, so that a busy machine slows both alike; the ratios are
medians over the turns. The plain one cuts a window of 1,024 ids out of a memmap and widens it, in 6 us on an
idle machine. Expect an item of random or shuffled windows to take 6 times that, and 2.5 where items follow
each other; with documents 19 and 8, packed 25 and 9, packed with documents 30 and 19. In the commit before
this benchmark all items took 21 to 57 times that. A document takes 10 us, and what a range is made of 20,
where it took 3 ms to look through a million.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

import corpuskit
from corpuskit.inspect.timing import Case, measure_in_turns, median_ratio

BLOCK_SIZE = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=1_000_000, help="documents of the corpus")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long to measure each row")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        with text.open("w") as file:
            file.writelines(f"document {number} of many\n" for number in range(options.documents))
        corpus = corpuskit.prepare(
            str(text), encoding="bytes", lines=True, split="none", output=f"{folder}/made"
        )
        split = corpus["train"]
        print(f"{split.num_tokens:,} tokens, {split.num_documents:,} documents, T = {BLOCK_SIZE:,}, one core")
        plain = drawn(Plain(f"{folder}/made/train-00000.bin"))
        print(f"{'':34} {'us':>8}  times the plain one")
        for name, case in {"plain map dataset": plain, **cases(corpus, split)}.items():
            slow, fast = measure_in_turns((case, plain), options.seconds)
            print(f"{name:34} {statistics.median(slow) * 1e6:8.1f} {median_ratio(slow, fast):8.2f}")


class Plain(Dataset[Any]):
    """Windows end to end, one slice each."""

    def __init__(self, path: str) -> None:
        self.ids = np.memmap(path, np.uint16, "r")

    def __len__(self) -> int:
        return (len(self.ids) - 1) // BLOCK_SIZE

    def __getitem__(self, index: int) -> Any:
        start = index * BLOCK_SIZE
        window = torch.from_numpy(self.ids[start : start + BLOCK_SIZE + 1].astype(np.int64))
        return window[:-1], window[1:]


def cases(corpus: corpuskit.Corpus, split: corpuskit.Split) -> dict[str, Case]:
    found = {}
    for sampler, documents in itertools.product(("random", "shuffled", "packed"), (False, "mask")):
        batches = corpus.batches(
            "train", batch_size=64, block_size=BLOCK_SIZE, sampler=sampler, documents=documents
        )
        name = f"{sampler}, documents" if documents else sampler
        dataset = batches.dataset()
        found[f"{name}: an item"] = drawn(dataset)
        found[f"{name}: the next item"] = following(dataset)
        found[f"{name}: 64 items"] = lambda dataset=dataset: dataset.__getitems__([*range(64)])
    numbers = draws(split.num_documents)
    found["document(n)"] = lambda: split.document(next(numbers))
    found["document_piece(n)"] = lambda: split.document_piece(next(numbers))
    found["pieces of 100 tokens"] = lambda: split.pieces(start := next(numbers), start + 100)
    return found


def draws(below: int) -> Iterator[int]:
    return itertools.cycle(np.random.default_rng(0).integers(0, below, 10_000).tolist())


def drawn(dataset: Any) -> Case:
    numbers = draws(len(dataset))
    return lambda: dataset[next(numbers)]


def following(dataset: Any) -> Case:
    numbers = itertools.cycle(range(len(dataset)))
    return lambda: dataset[next(numbers)]


if __name__ == "__main__":
    main()
