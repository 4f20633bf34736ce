"""Where the documents are in a batch, for attention that does not look across them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: What a target is where the loss should not count it; torch's cross_entropy ignores it by default.
IGNORED = -100


@dataclasses.dataclass(frozen=True)
class Documents:
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

    def map(self, change: Callable[[Any], Any]) -> Documents:
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
    cu_seqlens = np.append(cuts, num_rows * block_size).astype(np.int32)
    return Documents(cu_seqlens, int(np.diff(cu_seqlens).max(initial=0)), (num_rows, block_size))


def _spread(cu_seqlens: NDArray[np.int32], *, ids: bool) -> NDArray[np.int32]:
    firsts, lengths = cu_seqlens[:-1], np.diff(cu_seqlens)
    if ids:
        return np.repeat(np.arange(len(firsts), dtype=np.int32), lengths)
    positions = np.repeat(firsts, lengths)
    return np.subtract(_places(len(positions)), positions, out=positions)


@functools.lru_cache(maxsize=4)
def _places(total: int) -> NDArray[np.int32]:
    """0 .. total - 1, made once for all batches of a shape."""
    places = np.arange(total, dtype=np.int32)
    places.flags.writeable = False
    return places


def window_cuts(rows: Ints, places: Ints, num_rows: int, block_size: int) -> Ints:
    """Where segments begin in a batch of windows whose documents have the borders that `borders` gave."""
    inner = places < block_size
    return np.sort(
        np.concatenate((np.arange(num_rows) * block_size, rows[inner] * block_size + places[inner]))
    )
