"""How many segments of documents rows are in at most, worked out before any row is made."""

from __future__ import annotations

import numpy as np

from corpuskit.arrays import Ints

#: Documents that are looked at together, which bounds memory.
_GROUP = 2**20


def most_in_window(ends: Ints, block_size: int) -> int:
    """The most segments that any window of so many tokens is in.

    Args:
        ends: int64[D], where the documents end in the stream, ascending; some may repeat.
        block_size: T, tokens of x in a window.

    Example:
        >>> most_in_window(np.array([5, 6, 8, 20]), 4)
        3
    """
    ends = ends[np.diff(ends, prepend=0) > 0]
    most = 0
    for at in range(0, len(ends), _GROUP):
        some = ends[at : at + _GROUP]
        counts = np.searchsorted(ends, some + (block_size - 1)) - np.arange(at, at + len(some))
        most = max(most, int(counts.max()))
    return min(most + 1, block_size)


def greatest(bounds: Ints, num_rows: int, *, repeats: bool = False) -> Ints:
    """The bounds of those rows that may be in most segments, int64[num_rows].

    Args:
        bounds: int64[n], n >= 1, those of all rows, in any order.
        num_rows: How many rows a batch has.
        repeats: Whether they are the rows of an epoch. A batch may then hold a row twice, at the epoch's end
            and at the beginning of the next one, or more often if it has more rows than an epoch.
    """
    if len(bounds) > num_rows:
        bounds = np.partition(bounds, len(bounds) - num_rows)[-num_rows:]
    if repeats and num_rows > 1:
        bounds = np.repeat(bounds, 1 + -(-num_rows // len(bounds)))
    found: Ints = np.sort(bounds)[-num_rows:]
    return found


__all__ = ["greatest", "most_in_window"]
