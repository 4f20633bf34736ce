"""How many segments of documents rows are in at most, worked out before any row is made."""

from __future__ import annotations

import numpy as np

from corpuskit.arrays import Ints

#: Documents that are looked at together, which bounds memory.
_GROUP = 2**20


def most_in_window(ends: Ints, block_size: int, longest: int, *, more: int = 0) -> int:
    """The most segments that any window of so many tokens is in.

    Args:
        ends: int64[D], where the documents end in the stream, ascending; some may repeat.
        block_size: T, tokens of x in a window.
        longest: Tokens that a segment may have: longer ones are cut into so many and a rest.
        more: How many there are beside those of documents.

    Example:
        >>> most_in_window(np.array([5, 6, 8, 20]), 4, 4)
        3
    """
    ends = ends[np.diff(ends, prepend=0) > 0]
    most = 0
    for at in range(0, len(ends), _GROUP):
        some = ends[at : at + _GROUP]
        counts = np.searchsorted(ends, some + (block_size - 1)) - np.arange(at, at + len(some))
        most = max(most, int(counts.max()))
    return int(most_cut(np.array(most + 1 + more), block_size, longest))


def most_cut(counts: Ints, block_size: int, longest: int) -> Ints:
    """The most segments that rows of so many are in after the long ones are cut.

    Args:
        counts: How many segments each row is in.
        block_size: T, places in a row.
        longest: Places that a segment may have.
    """
    counts = np.minimum(counts, block_size)
    found: Ints = counts + (block_size - counts) // longest  # n places are cut (n - 1) // longest times
    return found


def count_segments(first: Ints, places: Ints, block_size: int, longest: int) -> Ints:
    """int64[n], how many segments each row is in where each span is one, and so is what is left of the row.

    Args:
        first: int64[n + 1], the first span of each row; the last entry is the number of spans.
        places: int64[m], how many places each span takes, padding of its own counted.
        block_size: T, places in a row.
        longest: Places that a segment may have: longer ones are cut into so many and a rest.
    """
    taken, pieces = (
        np.diff(np.concatenate(([0], np.cumsum(each)))[first]) for each in (places, -(-places // longest))
    )
    found: Ints = pieces + -(-(block_size - taken) // longest)
    return found


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


__all__ = ["count_segments", "greatest", "most_cut", "most_in_window"]
