"""How many targets of spans are to be learned: sums over the loss stream, in bounded memory."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.stream import TokenStream, ValueStream
from corpuskit.value_streams import LOSS

#: Items that are summed at a time.
_PIECE = 2**20


def target_counter(stream: TokenStream) -> Callable[..., Ints] | None:
    """What `SamplerContext.count_targets` is for a stream; None where each target is to be learned.

    Raises:
        ConfigError: If its stream "loss" is not what such a stream is.
    """
    return functools.partial(_count, stream.stream(LOSS)) if LOSS in stream.streams else None


def _count(loss: ValueStream, starts: Ints, lengths: Ints, front: NDArray[np.bool_] | None = None) -> Ints:
    """int64[n], how many of each span's targets are to be learned.

    A span of length n at start s has the targets s + 1 .. s + n. The loss stream is read once from the first
    of them to the last, in pieces, and summed between the spans' ends; nothing is remembered.

    Args:
        loss: The loss stream.
        starts: int64[n], where the spans start in the stream.
        lengths: int64[n], tokens of x in each, 0 or more.
        front: bool[n], whether an id is in front of a span, so that its first token is a target as well.
    """
    firsts = starts + 1 if front is None else starts + 1 - front
    edges, places = np.unique(np.concatenate((firsts, starts + lengths + 1)), return_inverse=True)
    sums = np.zeros(len(edges), np.int64)  # from the first edge up to each
    before = done = 0
    low, high = (int(edges[0]), int(edges[-1])) if len(edges) else (0, 0)
    for first in range(low, high, _PIECE):
        last = min(first + _PIECE, high)
        within = np.zeros(last - first + 1, np.int64)
        np.cumsum(loss[first:last] != 0, out=within[1:])
        end = int(np.searchsorted(edges, last, side="right"))
        sums[done:end] = before + within[edges[done:end] - first]
        before, done = before + int(within[-1]), end
    counts: Ints = sums[places[len(starts) :]] - sums[places[: len(starts)]]
    return counts


__all__ = ["target_counter"]
