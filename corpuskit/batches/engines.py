"""What turns rows into the batch that the user gets, as NumPy arrays or torch tensors in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.labels import LabelRuns, Labels
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.rows import RowSource
from corpuskit.batches.segments import IGNORED, Segments
from corpuskit.batches.targets import Targets, TargetWatch
from corpuskit.batches.targets_ahead import AheadSource
from corpuskit.value_streams import LOSS

#: x and y, and what was asked for of these, in this order: the documents, the values by their streams' names,
#: and the labels.
Batch = tuple[Any, ...]

#: Torch hardly computes with unsigned numbers of several bytes: values of these come as wider signed ones.
_SIGNED = {2: np.int32, 4: np.int64}


class Engine(Protocol):
    """Makes batches in two steps, so that the first can be done ahead of time and by another thread."""

    def start(self, rows: Any, samples: Sequence[int] | Ints) -> Any:
        """Begin a batch of rows, which are those of samples."""
        ...

    def finish(self, started: Any) -> Batch:
        """Complete a batch in the thread that will use it; starts are finished in their order."""
        ...


def map_batch(batch: Batch, change: Callable[[Any], Any]) -> Batch:
    """A batch with each of its arrays or tensors changed."""
    return tuple(_mapped(part, change) for part in batch)


def _mapped(part: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(part, Mapping):
        return {name: change(values) for name, values in part.items()}
    return part.map(change) if isinstance(part, Segments | Labels) else change(part)


def _flat(batch: Batch) -> Batch:
    """A batch as one row."""
    x, y, documents, *values = batch
    if y.ndim == 3:  # of several targets each is one row
        y = y.swapaxes(0, 1).reshape(1, y.shape[1], -1)
        x, *values = map_batch((x, *values), lambda part: part.reshape(1, -1))
        return (x, y, documents.flat(), *values)
    x, y, *values = map_batch((x, y, *values), lambda part: part.reshape(1, -1))
    return (x, y, documents.flat(), *values)


def for_torch(array: NDArray[Any]) -> NDArray[Any]:
    """An array in a type that torch computes with: uint16 becomes int32, and uint32 int64."""
    is_wide = array.dtype.kind == "u" and array.dtype.itemsize in _SIGNED
    return array.astype(_SIGNED[array.dtype.itemsize]) if is_wide else array


class HostEngine:
    """Batches in memory, as NumPy arrays or torch tensors; the ones on devices build on it.

    Args:
        source: Reads the rows.
        options: What the run was told.
        watch: Hears of rows without a target; None if nobody wants to.
        labels: The labels of the stream's tokens; None if batches have none.
    """

    def __init__(
        self,
        source: RowSource[Any],
        options: BatchOptions,
        watch: TargetWatch | None = None,
        labels: LabelRuns | None = None,
    ) -> None:
        self._source = source
        self._labels = labels
        self._torch = options.output == "torch"
        self._options = options
        self._targets = Targets(source, watch) if options.loss and LOSS in source.beside else None
        self._ahead = source if isinstance(source, AheadSource) else None

    def start(self, rows: Any, samples: Sequence[int] | Ints) -> Any:
        """The batch of rows, which are those of samples."""
        documents, foreign = self._source.documents(rows) if self._options.documents else (None, None)
        if self._options.documents != "mask":
            foreign = None
        learned = self._targets.learned(rows, samples, foreign) if self._targets else None
        batch: Batch
        if self._ahead:
            batch = map_batch(self._ahead.read_all(rows, learned, foreign), self._place)
        else:
            batch = self._ids(rows, learned, None if self._targets else foreign)
        if documents is not None:
            batch = (*batch, self._laid_out(documents).map(self._place))
        if self._options.streams:
            batch = (*batch, {name: self._values(rows, name) for name in self._options.streams})
        if self._labels:
            shape = (len(samples), self._source.block_size)
            batch = (*batch, self._labels.of(*self._source.target_spans(rows), shape).map(self._place))
        return _flat(batch) if self._options.layout == "flat" else batch

    def finish(self, started: Any) -> Batch:
        """The same batch."""
        batch: Batch = started
        return batch

    def _ids(self, rows: Any, learned: NDArray[np.uint8] | None, foreign: Ints | None) -> tuple[Any, Any]:
        """x, and y which is -100 where `learned` is 0, and at the foreign places of the flat one."""
        x, y = self._source.read(rows, learned)
        if foreign is not None:
            y.reshape(-1)[foreign] = IGNORED
        return self._place(x), self._place(y)

    def _laid_out(self, documents: Segments) -> Segments:
        """The segments as they were asked for: cut, and so many."""
        options = self._options
        if options.max_segment is not None:
            documents = documents.cut(options.max_segment)
        if options.max_segments is not None:
            documents = documents.of_number(options.max_segments, options.longest_segment)
        return documents

    def _values(self, rows: Any, name: str) -> Any:
        """A stream of values at the places of the rows."""
        values = self._source.values(rows, name)
        return self._place(for_torch(values) if self._torch else values)

    def _place(self, array: NDArray[Any]) -> Any:
        """An array as the user gets it, and where."""
        if not self._torch:
            return array
        import torch

        return torch.from_numpy(array)
