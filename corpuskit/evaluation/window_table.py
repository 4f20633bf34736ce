"""Which window of which stretch each row of an evaluation holds, and which of its targets are new."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.evaluation.stretches import Stretches
from corpuskit.ranges import ranges
from corpuskit.samplers.packing import pack


class Windows(NamedTuple):
    """Some windows.

    Attributes:
        first: int64[n + 1], the first window of each of n rows; the last entry is the number of windows.
        starts: int64[m], where the targets of each window start in the stream; x is one token before.
        lengths: int64[m], how many targets it has, those included that an earlier window had.
        hidden: int64[m], how many of them these are: the first ones.
        is_first: bool[m], whether the bos id is the first token of its x.
    """

    first: Ints
    starts: Ints
    lengths: Ints
    hidden: Ints
    is_first: Ints


class WindowTable:
    """The windows of stretches: one begins every `stride` tokens, and each target is new in one of them.

    With a bos id, a stretch of n tokens has n targets, else n - 1. The window that reaches its end is the
    last one, and may be shorter than the others.

    Args:
        stretches: The stretches.
        block_size: T, tokens of x in a window.
        stride: How many tokens after one window the next one of the same stretch begins, 1 to T.
        has_bos: Whether a bos id stands before each stretch.
        packed: Whether a row holds as many windows as fit in, by best fit decreasing, and not just one.

    Attributes:
        num_rows: How many rows the windows are in.
        num_targets: How many targets there are, each counted once.
    """

    def __init__(
        self, stretches: Stretches, *, block_size: int, stride: int, has_bos: bool, packed: bool = False
    ) -> None:
        targets = stretches.stops - stretches.starts - (not has_bos)
        has_any = targets > 0
        self._targets = targets = targets[has_any]
        self._starts = stretches.starts[has_any] + (not has_bos)
        self._block_size, self._stride, self._has_bos = block_size, stride, has_bos
        counts = 1 + -(-np.maximum(targets - block_size, 0) // stride)
        self._ends = np.cumsum(counts)
        self._num_windows = int(counts.sum())
        self.num_rows = self._num_windows
        self.num_targets = int(targets.sum())
        self._by_row: Ints | None = None
        if packed and self._num_windows:
            lengths = self._windows(np.arange(self._num_windows))[1]
            rows, self.num_rows = pack(lengths, block_size)
            self._by_row = np.argsort(rows, kind="stable")
            self._row_starts = np.searchsorted(rows[self._by_row], np.arange(self.num_rows + 1))

    @property
    def target_spans(self) -> tuple[Ints, Ints]:
        """int64[U], where the targets of each stretch start in the stream, and int64[U], how many it has."""
        return self._starts, self._targets

    def rows(self, numbers: Ints) -> Windows:
        """The windows of rows; a row past the last one has none.

        Args:
            numbers: int64[n], each >= 0, ascending.
        """
        windows = numbers[numbers < self.num_rows]
        counts = (numbers < self.num_rows).astype(np.int64)
        if self._by_row is not None:
            starts = self._row_starts[windows]
            counts[: len(windows)] = self._row_starts[windows + 1] - starts
            windows = self._by_row[ranges(starts, counts[: len(windows)])]
        first = np.concatenate(([0], np.cumsum(counts)))
        return Windows(first, *self._windows(windows))

    def _windows(self, numbers: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """The starts, lengths, hidden and is_first of windows, counted through all stretches."""
        stretch = np.searchsorted(self._ends, numbers, side="right")
        before = np.where(stretch > 0, self._ends[stretch - 1], 0)
        offsets = (numbers - before) * self._stride
        lengths = np.minimum(self._targets[stretch] - offsets, self._block_size)
        hidden = np.where(offsets > 0, self._block_size - self._stride, 0)
        is_first = (offsets == 0) & self._has_bos
        return self._starts[stretch] + offsets, lengths, hidden, is_first


__all__ = ["WindowTable", "Windows"]
