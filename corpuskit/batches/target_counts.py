"""How many targets of spans are to be learned: sums over the loss stream, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.stream import TokenStream
from corpuskit.value_streams import LOSS

#: Items that are summed at a time.
_PIECE = 2**22


def target_counter(stream: TokenStream) -> Callable[..., Ints] | None:
    """What `SamplerContext.count_targets` is for a stream; None where each target is to be learned."""
    if LOSS not in stream.streams:
        return None
    return TargetCounter(stream)


class TargetCounter:
    """Counts the targets of spans that are to be learned.

    A span of length n at start s has the targets s + 1 .. s + n. The loss stream is read once from the first
    of them to the last, in pieces, and summed between the spans' ends; nothing is remembered.

    Args:
        stream: A stream with a loss stream.
    """

    def __init__(self, stream: TokenStream) -> None:
        self._stream = stream

    def __call__(self, starts: Ints, lengths: Ints, front: NDArray[np.bool_] | None = None) -> Ints:
        """int64[n], how many of each span's targets are to be learned.

        Args:
            starts: int64[n], where the spans start in the stream.
            lengths: int64[n], tokens of x in each, 0 or more.
            front: bool[n], whether an id is in front of a span, so that its first token is a target as well.
        """
        firsts = starts + 1 if front is None else starts + 1 - front
        edges, places = np.unique(np.concatenate((firsts, starts + lengths + 1)), return_inverse=True)
        sums = self._sums(edges)[places]
        counts: Ints = sums[len(starts) :] - sums[: len(starts)]
        return counts

    def _sums(self, edges: Ints) -> Ints:
        """int64[n]: how many tokens from the first edge up to each, ascending and without repeats."""
        sums = np.zeros(len(edges), np.int64)
        before = done = 0
        for first, last, items in self._pieces(edges):
            # The edges above `first` and up to `last`: each ends a run of items from the one before on.
            end = int(np.searchsorted(edges, last, side="right"))
            ends = edges[done:end][edges[done:end] > first]
            cuts = np.concatenate(([first], ends, [last]))
            if isinstance(items, int):
                totals = np.diff(cuts) * items
            else:
                runs = (cuts[:-1] - first)[np.diff(cuts) > 0]
                totals = np.zeros(len(cuts) - 1, np.int64)
                totals[np.diff(cuts) > 0] = np.add.reduceat(items, runs, dtype=np.int64)
            sums[end - len(ends) : end] = before + np.cumsum(totals)[: len(ends)]
            before += int(totals.sum())
            done = end
        return sums

    def _pieces(self, edges: Ints) -> Iterator[tuple[int, int, NDArray[np.bool_] | int]]:
        """Pieces of the loss stream between the edges: (first, last, whether each is learned, or all are)."""
        if not len(edges):
            return
        bounds = self._stream.shard_starts
        low, high = int(edges[0]), int(edges[-1])
        number = int(np.searchsorted(bounds, low, side="right")) - 1
        while low < high:
            base, stop = int(bounds[number]), min(int(bounds[number + 1]), high)
            if low < stop:
                shard: NDArray[Any] | None = self._stream.stream_shard(LOSS, number)
                if shard is None:
                    yield low, stop, int(self._stream.streams[LOSS].fill != 0)
                else:
                    for at in range(low, stop, _PIECE):
                        last = min(stop, at + _PIECE)
                        yield at, last, np.asarray(shard[at - base : last - base]) != 0
                low = stop
            number += 1


__all__ = ["TargetCounter", "target_counter"]
