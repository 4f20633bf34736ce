"""What turns rows into the batch that the user gets, as NumPy arrays or torch tensors in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from corpuskit.batches.rows import RowSource
from corpuskit.batches.segments import IGNORED, Segments

#: x and y, and the documents where they were asked for.
Batch = tuple[Any, ...]


class Engine(Protocol):
    """Makes batches in two steps, so that the first can be done ahead of time and by another thread."""

    def start(self, rows: Any) -> Any:
        """Begin a batch of rows."""
        ...

    def finish(self, started: Any) -> Batch:
        """Complete a batch in the thread that will use it; starts are finished in their order."""
        ...


def map_batch(batch: Batch, change: Callable[[Any], Any]) -> Batch:
    """A batch with each of its arrays or tensors changed."""
    return tuple(part.map(change) if isinstance(part, Segments) else change(part) for part in batch)


class HostEngine:
    """Batches in memory, as NumPy arrays or torch tensors.

    Args:
        source: Reads the rows.
        output: "torch" or "numpy".
        documents: False, True, or "mask", which has the loss ignore targets in another document.
    """

    def __init__(self, source: RowSource[Any], *, output: str, documents: bool | str) -> None:
        self._source = source
        self._torch = output == "torch"
        self._documents = documents

    def start(self, rows: Any) -> Batch:
        """The batch of rows."""
        batch: Batch = self._source.read(rows)
        if self._documents:
            documents, foreign = self._source.documents(rows)
            if self._documents == "mask":
                batch[1].reshape(-1)[foreign] = IGNORED
            batch = (*batch, documents)
        if not self._torch:
            return batch
        import torch

        return map_batch(batch, torch.from_numpy)

    def finish(self, started: Batch) -> Batch:
        """The same batch."""
        return started
