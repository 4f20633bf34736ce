"""Best-fit decreasing packing of documents into rows, in O(n log n) for n documents (arXiv 2404.10830).

The longest pieces come first, and each goes into the row with the least room that holds it. Rows of equal
room are interchangeable, and so are pieces of equal length, so a step places a whole group of pieces: the
number of steps depends on the row's size and hardly on the number of documents. The least room that is at
least a length is found in a bitmap of the rooms that exist, one Python integer of T + 1 bits; that answers
the query of the paper's segment tree in 0.4 us.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.ranges import ranges

#: What may become of documents that are too long for a row, and what is said to have been done with them.
TOO_LONG = {"error": "refused", "drop": "dropped", "truncate": "truncated", "split": "split"}


class Pieces(NamedTuple):
    """Documents, the long ones split.

    Attributes:
        starts: int64[p], where the first input of each is in the stream; an id in front is one before.
        lengths: int64[p], pairs of x and y in each.
        begins: bool[p], whether it is the first piece of its document.
    """

    starts: Ints
    lengths: Ints
    begins: NDArray[np.bool_]


def pairs_of(ends: Ints, previous_end: int = 0, *, bos: bool = False) -> Ints:
    """int64[D]: how many pairs of a token and its successor each document has; -1 if it has no token.

    Args:
        ends: int64[D], where the documents end in the stream, ascending.
        previous_end: Where the first of them starts.
        bos: Whether each has an id in front, which makes a pair with its first token; 0 if it has no token.
    """
    pairs: Ints = np.diff(ends, prepend=previous_end) - (not bos)
    return pairs


def split_documents(
    ends: Ints, block_size: int, *, previous_end: int = 0, too_long: str = "split", bos: bool = False
) -> Pieces:
    """Cut documents into pieces of at most `block_size` pairs of a token and its successor.

    A document of n tokens has n - 1 pairs, because its last token has no successor in it. Every pair is in
    exactly one piece; neighbouring pieces of one document share one token, the target of the first and the
    input of the second.

    Args:
        ends: int64[D], where the documents end in the stream, ascending.
        block_size: T, tokens of x in a window.
        previous_end: Where the first of them starts.
        too_long: Of documents of more pairs than that, "split" keeps all pieces, "truncate" the first, and
            "drop" none. "error" is for documents among which there is none.
        bos: Whether each document has an id in front, which makes a pair with its first token.

    Example:
        >>> split_documents(np.array([5, 6, 9]), 3)[:2]
        (array([0, 3, 6]), array([3, 1, 2]))
        >>> split_documents(np.array([5, 6, 9]), 3, too_long="drop")[:2]
        (array([6]), array([2]))
    """
    starts = np.concatenate(([previous_end], ends[:-1])).astype(np.int64) - bos
    pairs = pairs_of(ends, previous_end, bos=bos)
    counts = np.maximum(-(-pairs // block_size), 0)
    if too_long == "truncate":
        np.minimum(counts, 1, out=counts)
    elif too_long == "drop":
        counts[pairs > block_size] = 0
    within = ranges(np.zeros_like(counts), counts)
    offsets = within * block_size
    lengths = np.minimum(np.repeat(pairs, counts) - offsets, block_size)
    return Pieces(np.repeat(starts, counts) + offsets, lengths, within == 0)


def pack(lengths: Ints, row_size: int, max_pieces: int | None = None) -> tuple[Ints, int]:
    """Pack pieces into rows by best fit decreasing.

    Args:
        lengths: int64[p], each from 1 to `row_size`.
        row_size: T, the room of an empty row.
        max_pieces: How many pieces a row may have, 1 or more; None is any number.

    Returns:
        int64[p], the row of each piece, and the number of rows.

    Example:
        >>> pack(np.array([3, 2, 5, 2]), 5)
        (array([1, 1, 0, 2]), 3)
    """
    order = np.argsort(-lengths, kind="stable")
    sizes, counts = np.unique(lengths, return_counts=True)
    rows = np.empty(len(lengths), np.int64)
    bins = _Bins(row_size, max_pieces or row_size)
    at = 0
    for size, count in zip(sizes[::-1].tolist(), counts[::-1].tolist(), strict=True):
        rows[order[at : at + count]] = bins.place(size, count)
        at += count
    return rows, bins.num_rows


class _Bins:
    """Rows by the room that they have left, in groups of rows with equally many pieces."""

    def __init__(self, row_size: int, max_pieces: int) -> None:
        self._row_size = row_size
        self._max_pieces = max_pieces
        self._by_room: defaultdict[int, list[tuple[Ints, int]]] = defaultdict(list)
        self._rooms = 0  # bit r is set where some row has room r
        self.num_rows = 0

    def place(self, size: int, count: int) -> Ints:
        """The row of each of `count` pieces of one size, in the order in which best fit fills them."""
        placed: list[Ints] = []
        while count:
            fitting = self._rooms >> size
            room = size + (fitting & -fitting).bit_length() - 1 if fitting else self._row_size
            has = self._by_room[room][-1][1] if fitting else 0
            # A row with this room takes so many, one after another.
            each = min(room // size, self._max_pieces - has)
            wanted = -(-count // each)
            rows = self._take(room, wanted) if fitting else self._open(wanted)
            full = min(len(rows), count // each)
            placed.append(np.repeat(rows[:full], each))
            self._put(room - each * size, rows[:full], has + each)
            count -= full * each
            if full < len(rows):  # the last row takes what is left, and is not full
                placed.append(np.repeat(rows[full : full + 1], count))
                self._put(room - count * size, rows[full : full + 1], has + count)
                self._put(room, rows[full + 1 :], has)
                count = 0
        return np.concatenate(placed)

    def _open(self, count: int) -> Ints:
        self.num_rows += count
        return np.arange(self.num_rows - count, self.num_rows)

    def _take(self, room: int, most: int) -> Ints:
        """At most so many of the rows that have this room."""
        groups = self._by_room[room]
        rows, has = groups.pop()
        if len(rows) > most:
            groups.append((rows[most:], has))
            rows = rows[:most]
        if not groups:
            self._rooms &= ~(1 << room)
        return rows

    def _put(self, room: int, rows: Ints, has: int) -> None:
        if room and len(rows) and has < self._max_pieces:
            self._by_room[room].append((rows, has))
            self._rooms |= 1 << room
