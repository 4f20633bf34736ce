"""Padding of rows that are made of spans: behind each span, and at the end of a row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.samplers.base import Spans


def filled_up(spans: Spans, block_size: int, multiple: int = 1) -> tuple[Spans, NDArray[np.bool_]]:
    """Add padding after each span up to a multiple, and to each row that is not full.

    Padding is a span, too; which tokens it reads does not matter.

    Args:
        spans: What the rows are made of.
        block_size: T, places in a row.
        multiple: Of what the places of each span are made a multiple; T is one as well.

    Returns:
        The spans with the padding, T places in each row, and bool[m], which of them are padding.

    Example:
        >>> rows = Spans(np.array([0, 2]), np.array([30, 70]), np.array([3, 2]))
        >>> filled_up(rows, 12, multiple=4)[0].lengths.tolist()
        [3, 1, 2, 2, 4]
    """
    tails = -spans.places % multiple if multiple > 1 else None
    ends = np.concatenate(([0], np.cumsum(spans.places if tails is None else spans.places + tails)))
    missing = block_size - (ends[spans.first[1:]] - ends[spans.first[:-1]])
    first = spans.first + np.concatenate(([0], np.cumsum(missing > 0)))
    short = np.flatnonzero(missing)
    at, missing = spans.first[1:][short], missing[short]
    if tails is not None:
        short = np.flatnonzero(tails)
        first += np.searchsorted(short, spans.first)
        at, missing = np.concatenate((short + 1, at)), np.concatenate((tails[short], missing))
        order = np.argsort(at, kind="stable")  # a span's own padding comes before its row's
        at, missing = at[order], missing[order]
    padding = np.zeros(len(spans.starts) + len(at), np.bool_)
    padding[at + np.arange(len(at))] = True
    starts, lengths = np.zeros((2, len(padding)), np.int64)  # np.insert takes five times as long for a row
    starts[~padding], lengths[~padding] = spans.starts, spans.lengths
    lengths[padding] = missing
    bos: Ints | None = None
    if spans.bos is not None:
        bos = np.full(len(padding), -1, np.int64)
        bos[~padding] = spans.bos
    return Spans(first, starts, lengths, bos), padding


__all__ = ["filled_up"]
