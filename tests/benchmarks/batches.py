"""What a batch costs, beside what others do, in one run on one core.

```
python tests/benchmarks/batches.py                       # a synthetic corpus, made in a temporary folder
python tests/benchmarks/batches.py --corpus data/owt/gpt2
python tests/benchmarks/batches.py --memory 20           # what 10^5 batches of a sparse 20 GB corpus hold
```

Every row is timed in turns with the floor, so that a busy machine slows both alike; the ratios are medians
over the turns. "nanoGPT" is its get_batch: the map opened again for each batch, one slice a row, and
torch.stack. The floor is torch.index_select over an overlapping view of the map, then widening into two
contiguous int64 tensors, its starts drawn beforehand. At 64 x 1024, expect 23 to 26 x nanoGPT and the floor's
speed or more from random and shuffled windows and mixtures of them, 17 x and 0.7 x the floor with documents,
8 x and 0.35 x packed, also of whole documents, and from a selection of every other document. With a loss
stream, expect 0.55 to 0.7 of the speed without: a pass that adds to int64 and a second gather are the rest.

Packed rows take 2 to 3 times as long where documents have 25 tokens (0.3 ms), 3 to 7 times where they have 8.

Where they are installed, LitData's TokensLoader and HF datasets are read beside them, with shuffling.

With --memory, expect 157 MB of the process's own, 155 of them before the first batch, and at most 1.16 GB of
the files, after 10,000 batches as after 100,000 (see `corpuskit.batches.pages`).
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import peers
import torch
from torch.utils.data import DataLoader

import corpuskit
from corpuskit.batches import Batches
from corpuskit.batches.baseline import nanogpt_get_batch
from corpuskit.batches.mixed_stream import MixedStream
from corpuskit.batches.stream import TokenStream
from corpuskit.inspect.timing import Case, measure_in_turns, median_ratio
from corpuskit.selection import Selection
from corpuskit.value_streams import LOSS, LOSS_INFO, StreamInfo

SHAPES = ((12, 1024), (64, 1024), (512, 2048))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", help="a prepared corpus; by default a synthetic one is made")
    parser.add_argument("--tokens", type=int, default=50_000_000, help="tokens of the synthetic corpus")
    parser.add_argument("--shards", type=int, default=1, help="shards of the synthetic corpus")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long to measure each row")
    parser.add_argument("--memory", type=int, metavar="GB", help="only show what a corpus of that size takes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        if options.memory:
            memory(Path(folder), options.memory)
            return
        if options.corpus:
            split = corpuskit.open(options.corpus)["train"]
            tokens = Path(folder) / "train.bin"  # one file for those who need one
            with tokens.open("wb") as file:
                for number in range(len(split.shard_starts) - 1):
                    split.shard(number).tofile(file)
        else:
            split, tokens = synthetic(Path(folder), options.tokens, options.shards)
        print(f"{split.num_tokens:,} tokens of {split.dtype}, {len(split.shard_starts) - 1} shards, one core")
        for batch_size, block_size in SHAPES:
            show(table(split, tokens, batch_size, block_size, options.seconds), batch_size, block_size)
            with_loss(split, batch_size, block_size, options.seconds)
            tiny_documents(split, batch_size, block_size, options.seconds)
        latencies(split)


class SyntheticSplit(TokenStream):
    """A token stream over plain files, with documents of 600 tokens or so."""

    name, fingerprint = "train", ""
    num_ids = 50257

    def __init__(self, paths: list[Path], sizes: list[int]) -> None:
        self.dtype = np.dtype("<u2")
        self.shard_starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.num_tokens = int(self.shard_starts[-1])
        self._paths = paths
        self._shards = [np.memmap(path, self.dtype, "r").view(np.ndarray) for path in paths]

    def __reduce__(self) -> tuple[Any, ...]:
        return SyntheticSplit, (self._paths, np.diff(self.shard_starts).tolist())

    def shard(self, number: int) -> Any:
        return self._shards[number]

    def document_ends(self) -> Any:
        ends = np.cumsum(np.random.default_rng(1).geometric(1 / 600, self.num_tokens // 600))
        return np.append(ends[ends < self.num_tokens], self.num_tokens)


class WithLoss(TokenStream):
    """The same stream with a mask beside it: turns of 100 tokens or so."""

    def __init__(self, split: TokenStream) -> None:
        vars(self).update(vars(split))
        self.name, self.fingerprint, self.num_ids = split.name, split.fingerprint, split.num_ids
        self._split = split
        ends = np.cumsum(np.random.default_rng(2).geometric(1 / 100, split.num_tokens // 50))
        learned = np.searchsorted(ends, np.arange(split.num_tokens), side="right").astype(np.uint8) & 1
        self._loss = [learned[a:b] for a, b in itertools.pairwise(split.shard_starts.tolist())]

    @property
    def streams(self) -> dict[str, StreamInfo]:
        return {LOSS: LOSS_INFO}

    def shard(self, number: int) -> Any:
        return self._split.shard(number)

    def stream_shard(self, name: str, number: int) -> Any:
        return self._loss[number]

    def document_ends(self) -> Any:
        return self._split.document_ends()


def synthetic(folder: Path, num_tokens: int, shards: int) -> tuple[SyntheticSplit, Path]:
    ids = np.random.default_rng(0).integers(0, 50257, num_tokens).astype("<u2")
    whole = folder / "train.bin"
    ids.tofile(whole)
    pieces = np.array_split(ids, shards)
    paths = [folder / f"train-{number:05}.bin" for number in range(shards)]
    for path, piece in zip(paths, pieces, strict=True):
        piece.tofile(path)
    return SyntheticSplit(paths, [len(piece) for piece in pieces]), whole


def table(
    split: Any, tokens: Path, batch_size: int, block_size: int, seconds: float, *, names: Sequence[str] = ()
) -> dict[str, tuple[float, float, float]]:
    """Microseconds a batch of each row, and how many times as fast as nanoGPT and the floor it is."""
    shape = {"batch_size": batch_size, "block_size": block_size}
    floor = peers.floor_case(tokens, split.dtype, **shape)
    nanogpt = nanogpt_get_batch(tokens, split.dtype, **shape)
    rows: dict[str, Case] = {
        "floor": floor,
        "nanoGPT get_batch": nanogpt,
        "plain map-style DataLoader": peers.loader_case(tokens, split.dtype, **shape),
        **peers.peer_cases(tokens, split.dtype, **shape),
        **corpuskit_cases(split, shape),
    }
    found = {}
    for name, case in rows.items():
        if not names or name in names:
            times, floors, nanos = measure_in_turns((case, floor, nanogpt), seconds)
            found[name] = (
                statistics.median(times) * 1e6,
                median_ratio(nanos, times),
                median_ratio(floors, times),
            )
    return found


def show(rows: dict[str, tuple[float, float, float]], batch_size: int, block_size: int) -> None:
    print(f"\n{batch_size} x {block_size:<26} us/batch  Mtokens/s  x nanoGPT  x floor")
    for name, (us, nanos, floors) in rows.items():
        print(f"{name:34} {us:9.1f}  {batch_size * block_size / us:9.0f}  {nanos:9.1f}  {floors:7.2f}")


def with_loss(split: Any, batch_size: int, block_size: int, seconds: float) -> None:
    """How fast batches with a loss stream are beside the same without, each pair timed in turns."""
    cases = corpuskit_cases(split, {"batch_size": batch_size, "block_size": block_size})
    print(f"\n{f'{batch_size} x {block_size}, with loss':36} x without")
    for name, case in cases.items():
        if name.endswith(", loss"):
            without, times = measure_in_turns((cases[name.removesuffix(", loss")], case), seconds)
            print(f"{name:36} {median_ratio(without, times):9.2f}")


class TinyDocuments(TokenStream):
    """The same stream with documents of so many tokens on average."""

    def __init__(self, split: TokenStream, mean: int) -> None:
        vars(self).update(vars(split))
        self.name, self.fingerprint, self.num_ids = split.name, "", split.num_ids
        self._split, self._mean = split, mean

    def shard(self, number: int) -> Any:
        return self._split.shard(number)

    def document_ends(self) -> Any:
        rng = np.random.default_rng(3)
        ends = np.cumsum(1 + rng.geometric(1 / (self._mean - 1), self.num_tokens // self._mean))
        return np.append(ends[ends < self.num_tokens], self.num_tokens)


def tiny_documents(split: Any, batch_size: int, block_size: int, seconds: float) -> None:
    """What a packed batch of tiny documents takes, and how many times that of long documents."""
    shape = {"batch_size": batch_size, "block_size": block_size, "sampler": "packed"}
    plain = steps(Batches(split, **shape))
    print(f"\n{f'{batch_size} x {block_size}, packed':36}  us/batch  x long documents")
    for mean in (25, 8):
        tiny = TinyDocuments(split, mean)
        for title, more in {
            "": {},
            ", documents": {"documents": True},
            ", masked": {"documents": "mask"},
        }.items():
            long, times = measure_in_turns((plain, steps(Batches(tiny, **shape, **more))), seconds)
            name = f"{mean} tokens a document{title}"
            print(f"{name:36} {statistics.median(times) * 1e6:9.0f} {median_ratio(times, long):9.2f}")


def corpuskit_cases(split: Any, shape: dict[str, int]) -> dict[str, Case]:
    options: dict[str, dict[str, Any]] = {
        "random": {},
        "random, numpy": {"output": "numpy"},
        "random, resident": {"resident": True},
        "random, documents": {"documents": True},
        "random, documents masked": {"documents": "mask"},
        "shuffled": {"sampler": "shuffled"},
        "shard_shuffled": {"sampler": "shard_shuffled"},
        "sequential": {"sampler": "sequential"},
        "packed": {"sampler": "packed"},
        "packed, numpy": {"sampler": "packed", "output": "numpy"},
        "packed, documents": {"sampler": "packed", "documents": True},
        "packed, whole documents": {
            "sampler": "packed",
            "sampler_options": {"documents": "whole", "too_long": "truncate"},
        },
    }
    half = Selection(
        np.arange(0, num := len(split.document_ends()), 2),
        split=split.fingerprint,
        num_documents=num,
    )
    options |= {
        f"{sampler}, half selected": {"sampler": sampler, "selection": half}
        for sampler in ("random", "shuffled", "packed")
    }
    cases = {name: steps(Batches(split, **shape, **more)) for name, more in options.items()}
    masked = WithLoss(split)
    for name in (
        "random",
        "random, numpy",
        "random, documents masked",
        "packed",
        "packed, numpy",
        "packed, whole documents",
    ):
        cases[f"{name}, loss"] = steps(Batches(masked, **shape, **options[name]))
    documents = steps(Batches(split, **shape, documents=True))
    cases["random, documents, position_ids"] = lambda: documents()[2].position_ids
    for sampler in ("random", "shuffled"):
        stream = MixedStream(
            ("a", "b", "c"),
            ("a", "b", "c"),
            (split, split, split),
            (sampler,) * 3,
            ((0, (Fraction(7, 10), Fraction(2, 10), Fraction(1, 10))),),
            (None,) * 3,
        )
        cases[f"mixture of 3, {sampler}"] = steps(Batches(stream, **shape))
    random = Batches(split, **shape)
    cases["random, iterable DataLoader"] = loaded(random.iterable(), batch_size=None)
    cases["random, map-style DataLoader"] = loaded(
        random.dataset(num_samples=10**9), batch_size=shape["batch_size"]
    )
    if torch.cuda.is_available():
        cases["random, cuda"] = synchronized(steps(Batches(split, **shape, device="cuda")))
        cases["random, cuda, resident"] = synchronized(
            steps(Batches(split, **shape, device="cuda", resident=True))
        )
    return {f"corpuskit {name}": case for name, case in cases.items()}


def steps(batches: Batches) -> Case:
    def endless() -> Iterator[Any]:
        while True:
            yield from batches

    iterator = endless()
    return lambda: next(iterator)


def loaded(dataset: Any, *, batch_size: int | None) -> Case:
    iterator = iter(DataLoader(dataset, batch_size=batch_size))
    return lambda: next(iterator)


def synchronized(case: Case) -> Case:
    def batch() -> Any:
        made = case()
        torch.cuda.synchronize()
        return made

    return batch


def latencies(split: Any) -> None:
    print("\nlatency, 64 x 1024                        ms")
    shape = {"batch_size": 64, "block_size": 1024}
    for name in ("random", "shuffled", "sequential", "packed"):
        first, resume, after = [], [], []
        for _ in range(7):
            began = time.perf_counter()
            batches = Batches(split, **shape, sampler=name)
            batches[0]
            first.append(time.perf_counter() - began)
            state = state_at(batches, 10**12)
            began = time.perf_counter()
            batches.load_state_dict(state)
            resume.append(time.perf_counter() - began)
            next(iter(batches))
            after.append(time.perf_counter() - began)
        for what, times in (("first batch", first), ("resume at 10^12", resume), ("... and a batch", after)):
            print(f"{name + ': ' + what:34} {statistics.median(times) * 1e3:9.3f}")
    hidden(split, shape)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    print(f"peak resident memory, pages of the map included: {peak:,.0f} MiB")


def hidden(split: Any, shape: dict[str, int]) -> None:
    """What a batch adds to a step whose computation leaves the interpreter alone, as a device's does."""
    device = "cuda" if torch.cuda.is_available() else None
    for prefetch in (0, 2):
        iterator = iter(Batches(split, **shape, prefetch=prefetch, device=device))
        for _ in range(20):
            next(iterator)
        added = []
        for _ in range(200):
            time.sleep(0.002)
            began = time.perf_counter()
            next(iterator)
            added.append(time.perf_counter() - began)
        print(f"{f'waiting for a batch, prefetch {prefetch}':34} {statistics.median(added) * 1e3:9.3f}")
        iterator.close()


def memory(folder: Path, gigabytes: int) -> None:
    """What the process holds while it reads 10^5 batches all over a corpus of sparse shards of 1 GB."""
    paths = [folder / f"train-{number:05}.bin" for number in range(gigabytes)]
    for path in paths:
        with path.open("wb") as file:
            file.truncate(10**9)
    split = SyntheticSplit(paths, [10**9 // 2] * gigabytes)
    batches = Batches(split, batch_size=64, block_size=1024, sampler="shuffled")
    began, peaks = time.perf_counter(), [0, 0]
    print(f"{gigabytes} GB, 64 x 1024         anonymous MB  of files MB")
    print(f"{'before the first batch':28} {'{:11,.0f}  {:11,.0f}'.format(*held())}")
    for step in range(100_000):
        batches[step]
        if step % 20 == 0:
            peaks = [max(pair) for pair in zip(peaks, held(), strict=True)]
        if step in (99, 999, 9_999, 99_999):
            print(f"{f'most, {step + 1:,} batches':28} {'{:11,.0f}  {:11,.0f}'.format(*peaks)}")
    print(f"{(time.perf_counter() - began) * 10:.0f} us a batch, this watching included")


def held() -> list[float]:
    """Resident memory of this process in MB: its own, and pages of files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = dict(line.split(":") for line in lines if line.startswith("Rss"))
    return [int(sizes[name].split()[0]) * 1024 / 1e6 for name in ("RssAnon", "RssFile")]


def state_at(batches: Batches, sample: int) -> dict[str, Any]:
    batches.seek(sample=sample)
    return batches.state_dict()


if __name__ == "__main__":
    main()
