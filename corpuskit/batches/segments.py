"""Where the documents are in a batch, for attention that does not look across them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.ranges import counting, ranges

#: What a target is where the loss should not count it; torch's cross_entropy ignores it by default.
IGNORED = -100


@dataclasses.dataclass(frozen=True)
class Segments:
    """The segments of a batch: pieces of rows that belong to one document each, and padding.

    Arrays, or tensors on the batch's device. The batch's B * T places are counted row by row, and a row's end
    ends a segment. The two (B, T) arrays are made when they are first asked for, on the device: they are as
    large as x and y, and an attention needs one of them or neither.

    Attributes:
        cu_seqlens: int32[S + 1], where each of S segments begins in the batch laid out flat; the last is
            B * T. Varlen attention takes it as it is.
        max_seqlen: The longest segment.
        shape: (B, T).
    """

    cu_seqlens: Any
    max_seqlen: int
    shape: tuple[int, int]

    @functools.cached_property
    def document_ids(self) -> Any:
        """int32 (B, T), the number of the segment of a place, counted through the whole batch.

        FlexAttention's mask is `ids[b, query] == ids[b, key]` and causality.
        """
        return self._spread(ids=True)

    @functools.cached_property
    def position_ids(self) -> Any:
        """int32 (B, T), places since the segment's beginning in this row."""
        return self._spread(ids=False)

    def map(self, change: Callable[[Any], Any]) -> Segments:
        """The same with another array or tensor of the same numbers."""
        return dataclasses.replace(self, cu_seqlens=change(self.cu_seqlens))

    def _spread(self, *, ids: bool) -> Any:
        """Each segment's number, or each place's number in it, at all of its places."""
        if isinstance(self.cu_seqlens, np.ndarray):
            return _spread(self.cu_seqlens, ids=ids).reshape(self.shape)
        import torch

        if self.cu_seqlens.device.type == "cpu":
            return torch.from_numpy(_spread(self.cu_seqlens.numpy(), ids=ids)).view(self.shape)
        total, device = self.shape[0] * self.shape[1], self.cu_seqlens.device
        firsts = self.cu_seqlens[:-1]
        values = torch.arange(len(firsts), dtype=torch.int32, device=device) if ids else firsts
        spread = torch.repeat_interleave(values, self.cu_seqlens.diff(), output_size=total)
        if not ids:
            spread = torch.arange(total, dtype=torch.int32, device=device) - spread
        return spread.view(self.shape)


class DocumentEnds:
    """The ends of a split's documents, asked about windows.

    Args:
        ends: int64[D], ascending; documents without tokens repeat an end.
    """

    def __init__(self, ends: Ints) -> None:
        self._ends = ends if len(ends) < 2 or (np.diff(ends) > 0).all() else np.unique(ends)

    def borders(self, starts: Ints, block_size: int) -> Borders:
        """Where documents end in windows of `block_size` tokens that start at int64[n] places."""
        rows, places = self.within(starts, block_size)
        return Borders.of(rows, places, len(starts), block_size)

    def within(self, starts: Ints, lengths: Ints | int) -> tuple[Ints, Ints]:
        """Where documents end in spans of tokens, the targets of their last tokens included.

        Args:
            starts: int64[n], where the spans start.
            lengths: int64[n], or one for all: how many tokens each has.

        Returns:
            int64[k], ascending, the number of the span, and int64[k], how many of its tokens come before the
            end: 1 to its length.
        """
        order = np.argsort(starts)  # searching in order takes a third of the time, sorting included
        low, high = np.empty_like(starts), np.empty_like(starts)
        low[order] = np.searchsorted(self._ends, starts[order], side="right")
        high[order] = np.searchsorted(self._ends, (starts + lengths)[order], side="right")
        counts = high - low
        spans = np.repeat(np.arange(len(starts)), counts)
        return spans, self._ends[ranges(low, counts)] - starts[spans]


@dataclasses.dataclass(frozen=True, slots=True)
class Borders:
    """Where documents end in rows that are windows: worked out for many steps at once, and cut for each.

    Places are counted through the rows laid out flat, from a row `offset` places before the first of these.

    Attributes:
        cuts: Where segments begin, ascending; `cuts[first_cut[i]]` is the beginning of row i.
        first_cut: int64[n + 1].
        ends: Where a document's last token is in x, ascending, those of row i from `ends[first_end[i]]` on.
        first_end: int64[n + 1].
        offset: Where row 0 begins.
    """

    cuts: Ints
    first_cut: Ints
    ends: Ints
    first_end: Ints
    offset: int
    block_size: int

    @staticmethod
    def of(rows: Ints, places: Ints, num_rows: int, block_size: int) -> Borders:
        """The borders of documents that begin in rows at places from 1 to T, T being the next row's first.

        Args:
            rows: int64[k], ascending.
            places: int64[k], ascending in each row.
            num_rows: n, how many rows there are.
            block_size: T, places in a row.
        """
        flat = rows * block_size + places
        inner = places < block_size
        first_cut = np.arange(num_rows + 1)
        first_cut[1:] += np.cumsum(np.bincount(rows[inner], minlength=num_rows))
        begins_row = np.zeros(first_cut[-1], np.bool_)
        begins_row[first_cut[:-1]] = True
        cuts = np.empty(first_cut[-1], np.int64)
        cuts[begins_row] = np.arange(num_rows) * block_size
        cuts[~begins_row] = flat[inner]
        first_end = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=num_rows))))
        return Borders(cuts, first_cut, flat - 1, first_end, 0, block_size)

    def cut(self, start: int, stop: int) -> Borders:
        """Rows `start` to `stop`."""
        return Borders(
            self.cuts,
            self.first_cut[start : stop + 1],
            self.ends,
            self.first_end[start : stop + 1],
            self.offset + start * self.block_size,
            self.block_size,
        )

    def num_segments(self) -> int:
        """How many segments these rows are in."""
        return int(self.first_cut[-1] - self.first_cut[0])

    def segments(self) -> Ints:
        """Where segments begin in these rows laid out flat."""
        return self.cuts[self.first_cut[0] : self.first_cut[-1]] - self.offset

    def foreign(self) -> Ints:
        """The places of these rows' y that belong to another document than x."""
        return self.ends[self.first_end[0] : self.first_end[-1]] - self.offset


def segments(cuts: Ints, num_rows: int, block_size: int) -> Segments:
    """The segments that begin at `cuts`: ascending places of the flat batch, among them every row's first.

    Example:
        >>> segments(np.array([0, 2, 3]), num_rows=2, block_size=3).position_ids.tolist()
        [[0, 1, 0], [0, 1, 2]]
    """
    cu_seqlens = np.empty(len(cuts) + 1, np.int32)
    cu_seqlens[:-1] = cuts
    cu_seqlens[-1] = num_rows * block_size
    longest = (cu_seqlens[1:] - cu_seqlens[:-1]).max(initial=0)
    return Segments(cu_seqlens, int(longest), (num_rows, block_size))


def _spread(cu_seqlens: NDArray[np.int32], *, ids: bool) -> NDArray[np.int32]:
    firsts, lengths = cu_seqlens[:-1], np.diff(cu_seqlens)
    if ids:
        return np.repeat(np.arange(len(firsts), dtype=np.int32), lengths)
    positions = np.repeat(firsts, lengths)
    np.subtract(counting(len(positions), np.int32), positions, out=positions)
    return positions
