"""Where the documents are in a batch, for attention that does not look across them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: What a target is where the loss should not count it; torch's cross_entropy ignores it by default.
IGNORED = -100


class Documents(NamedTuple):
    """The segments of a batch: pieces of rows that belong to one document each, and padding.

    Arrays or tensors, like x and y. The batch's B * T places are counted row by row, and a row's end ends a
    segment.

    Attributes:
        document_ids: int64 (B, T), the number of the segment that a place belongs to; FlexAttention's mask is
            `ids[b, query] == ids[b, key]` and causality. Numbers count up through the whole batch.
        position_ids: int64 (B, T), places since the segment's beginning in this row.
        cu_seqlens: int32[S + 1], where each of S segments begins in the batch laid out flat; the last is
            B * T. Varlen attention takes it as it is.
        max_seqlen: The longest segment.
    """

    document_ids: Any
    position_ids: Any
    cu_seqlens: Any
    max_seqlen: int

    def map(self, change: Callable[[Any], Any]) -> Documents:
        """The same with each array or tensor changed."""
        return Documents(
            change(self.document_ids), change(self.position_ids), change(self.cu_seqlens), self.max_seqlen
        )


class DocumentEnds:
    """The ends of a split's documents, asked about windows.

    Args:
        ends: int64[D], ascending; documents without tokens repeat an end.
    """

    def __init__(self, ends: Ints) -> None:
        self._ends = ends if len(ends) < 2 or (np.diff(ends) > 0).all() else np.unique(ends)

    def borders(self, starts: Ints, block_size: int) -> tuple[Ints, Ints]:
        """Where documents end in windows.

        Args:
            starts: int64[n], where the windows start.
            block_size: T.

        Returns:
            For each end in start + 1 .. start + T, by row and ascending: the row, and the place in it where
            the next document begins, from 1 to T; T is the place after the row's last.
        """
        low = np.searchsorted(self._ends, starts, side="right")
        high = np.searchsorted(self._ends, starts + block_size, side="right")
        counts = high - low
        rows = np.repeat(np.arange(len(starts)), counts)
        entries = np.arange(len(rows)) + np.repeat(low - (np.cumsum(counts) - counts), counts)
        return rows, self._ends[entries] - starts[rows]


def segments(cuts: Ints, num_rows: int, block_size: int) -> Documents:
    """The segments that begin at `cuts`: ascending places of the flat batch, among them every row's first.

    Example:
        >>> segments(np.array([0, 2, 3]), num_rows=2, block_size=3).position_ids.tolist()
        [[0, 1, 0], [0, 1, 2]]
    """
    total = num_rows * block_size
    lengths = np.diff(np.append(cuts, total))
    ids = np.repeat(np.arange(len(cuts)), lengths)
    positions = np.arange(total)
    positions -= np.repeat(cuts, lengths)
    shape = (num_rows, block_size)
    cu_seqlens = np.append(cuts, total).astype(np.int32)
    return Documents(ids.reshape(shape), positions.reshape(shape), cu_seqlens, int(lengths.max(initial=0)))


def window_cuts(rows: Ints, places: Ints, num_rows: int, block_size: int) -> Ints:
    """Where segments begin in a batch of windows whose documents have the borders that `borders` gave."""
    inner = places < block_size
    return np.sort(
        np.concatenate((np.arange(num_rows) * block_size, rows[inner] * block_size + places[inner]))
    )
