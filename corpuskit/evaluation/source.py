"""From the numbers of an evaluation's rows to x and y in NumPy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.reader import StreamReader
from corpuskit.batches.rows import Values
from corpuskit.batches.segments import IGNORED, Segments, segments
from corpuskit.evaluation.window_table import Windows, WindowTable
from corpuskit.ranges import ranges


@dataclasses.dataclass(frozen=True)
class EvaluationRows:
    """Rows of windows, and where their tokens are in memory, and the items of their targets' loss."""

    windows: Windows
    located: Ints
    learned: Ints | None

    def cut(self, start: int, stop: int) -> EvaluationRows:
        """Rows `start` to `stop`."""
        first, *windows = self.windows
        a, b = int(first[start]), int(first[stop])
        cut = Windows(first[start : stop + 1] - a, *(each[a:b] for each in windows))
        learned = None if self.learned is None else self.learned[a:b]
        return EvaluationRows(cut, self.located[a:b], learned)

    def num_pieces(self) -> int:
        """How many rows there are, or windows, if there are more."""
        return max(len(self.windows.starts), len(self.windows.first) - 1)

    def all_padding(self) -> NDArray[np.bool_]:
        """bool[n]: whether a row is nothing but padding."""
        found: NDArray[np.bool_] = np.diff(self.windows.first) == 0
        return found

    @property
    def num_read(self) -> Ints:
        """int64[m]: how many tokens of each window are in the stream."""
        return self.windows.lengths + ~self.windows.is_first

    @cached_property
    def begins(self) -> Ints:
        """int64[m]: how far each window is from the beginning of its row."""
        sums = np.concatenate(([0], np.cumsum(self.windows.lengths)))
        first = self.windows.first
        found: Ints = sums[:-1] - np.repeat(sums[first[:-1]], np.diff(first))
        return found


class EvaluationSource:
    """Reads the rows of an evaluation, as `corpuskit.batches.rows.RowSource` says it.

    Args:
        table: Which windows the rows hold.
        reader: Reads the stream.
        block_size: T, tokens of a row.
        bos: The id before each stretch; None if there is none.
        loss: Reads the stream "loss", of which 0 says that a target is not counted; None if all are.
    """

    def __init__(
        self,
        table: WindowTable,
        reader: StreamReader,
        *,
        block_size: int,
        bos: int | None,
        loss: StreamReader | None = None,
    ) -> None:
        self._table = table
        self.reader = reader
        self.block_size = block_size
        self.beside: Mapping[str, Values] = {}
        self._bos = bos
        self._loss = loss

    def resolve(self, samples: Ints) -> EvaluationRows:
        """The rows of these numbers; those past the last one are padding."""
        windows = self._table.rows(samples)
        starts = windows.starts - ~windows.is_first
        located = self.reader.locate(starts, windows.lengths + ~windows.is_first)
        learned = None if self._loss is None else self._loss.locate(windows.starts, windows.lengths)
        return EvaluationRows(windows, located, learned)

    def read(self, rows: EvaluationRows, learned: NDArray[np.uint8] | None = None) -> tuple[Ints, Ints]:
        """Read x and y, int64 (n, T): padding is 0 in x, and in y -100 with all that does not count."""
        _, _, lengths, hidden, is_first = rows.windows
        shape = (len(rows.windows.first) - 1, self.block_size)
        x, y = np.zeros(shape, np.int64), np.full(shape, IGNORED)
        if not len(lengths):
            return x, y
        ids = self.reader.gather_items(rows.located, rows.num_read)
        before = np.cumsum(rows.num_read) - rows.num_read  # where the token before the targets is
        is_target = np.ones(len(ids), np.bool_)
        is_target[before[~is_first]] = False
        targets = ids[is_target].astype(np.int64)
        inputs = np.empty_like(targets)
        inputs[1:] = targets[:-1]
        inputs[np.cumsum(lengths) - lengths] = np.where(is_first, self._bos or 0, ids[before])
        at = self._places(rows)
        places = ranges(at, lengths)
        x.reshape(-1)[places] = inputs
        if rows.learned is not None and self._loss is not None:
            targets[self._loss.gather_items(rows.learned, lengths) == 0] = IGNORED
        flat = y.reshape(-1)
        flat[places] = targets
        flat[ranges(at, hidden)] = IGNORED
        return x, y

    def documents(self, rows: EvaluationRows) -> tuple[Segments, Ints]:
        """Where the windows are; no target is of another document than its input."""
        num_rows, T = len(rows.windows.first) - 1, self.block_size
        at = self._places(rows)
        ends = at + rows.windows.lengths
        cuts = np.unique(np.concatenate((np.arange(num_rows) * T, at, ends[ends < num_rows * T])))
        return segments(cuts, num_rows, T), np.empty(0, np.int64)

    def target_spans(self, rows: EvaluationRows) -> tuple[Ints, Ints]:
        """The flat y in pieces: int64[m], where each starts in the stream, or -1, and int64[m], its size."""
        first, starts, lengths, *_ = rows.windows
        sums = np.concatenate(([0], np.cumsum(lengths)))[first]
        padding = self.block_size - np.diff(sums)
        return np.insert(starts, first[1:], -1), np.insert(lengths, first[1:], padding)

    def values(self, rows: EvaluationRows, name: str) -> NDArray[Any]:
        """There are no values beside."""
        raise KeyError(name)

    def learned(self, rows: EvaluationRows) -> NDArray[Any]:
        """It is read with the ids, and nobody asks."""
        raise KeyError("loss")

    def _places(self, rows: EvaluationRows) -> Ints:
        """int64[m]: where the windows begin in the rows laid out flat."""
        counts = np.diff(rows.windows.first)
        found: Ints = np.repeat(np.arange(len(counts)) * self.block_size, counts) + rows.begins
        return found


__all__ = ["EvaluationRows", "EvaluationSource"]
