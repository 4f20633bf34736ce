"""Torch datasets over batches, for training code that is built around a DataLoader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from corpuskit.batches.cursor import Cursor
from corpuskit.batches.engines import Batch, for_torch
from corpuskit.batches.order import Order
from corpuskit.batches.state import check_sample, short
from corpuskit.errors import ResumeError

#: Tensors, and a mapping of names to tensors where streams of values were asked for.
Item = tuple[Any, ...]


class WindowDataset(Dataset[Item]):
    """A map-style Dataset: item i is sample `first_sample + i` of the order, as (x, y), int64[T] each.

    With documents, an item is (x, y, document_ids, position_ids), as in `Segments` for this row alone; with
    streams of values, a dict of them follows, each [T]; and with labels, their ids, int32[T], whose names are
    `batches.label_names`. It pickles as the corpus's path and the options; every worker process maps the
    files itself.

    Args:
        order: The order.
        first_sample: The sample that is item 0.
        num_samples: How many items there are.
    """

    def __init__(self, order: Order, first_sample: int, num_samples: int) -> None:
        self._order = order
        self._first_sample = first_sample
        self._num_samples = num_samples

    def __len__(self) -> int:
        return self._num_samples

    def __getitem__(self, index: int) -> Item:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: list[int]) -> list[Item]:
        """Many items in one read; DataLoader's workers ask for a batch this way."""
        wanted = np.asarray(indices, np.int64)
        wanted = np.where(wanted < 0, wanted + self._num_samples, wanted)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < self._num_samples:
            raise IndexError(f"items {indices} of a dataset of {self._num_samples:,}")
        columns = self._order.rows(wanted + self._first_sample, watch=self._order.watch)
        return list(zip(*map(_each, columns), strict=True))


def _each(column: Any) -> Iterable[Any]:
    """The rows of an array as tensors, or of a mapping to arrays."""
    if isinstance(column, Mapping):
        rows = zip(*map(_each, column.values()), strict=True)
        return [dict(zip(column, row, strict=True)) for row in rows]
    return torch.from_numpy(for_torch(column))


class IterableBatches(IterableDataset[Batch]):
    """Whole batches as an iterable Dataset, in one order for any number of workers.

    Worker w of W makes steps w, w + W, w + 2W, ... and the DataLoader takes them in turns. Each `iter` begins
    at the same place, which `seek` moves: call `dataset.seek(epoch=n)` before an epoch, as one calls
    `set_epoch` elsewhere. Workers that live on see the move too, because the place is in shared memory.

    `state_dict` and `load_state_dict` are for torchdata's StatefulDataLoader, which keeps a state for each
    worker. Where the main process counts the batches itself, `batches.state_dict` is all there is to save.

    Args:
        cursor: The order, and the place where an epoch begins.
    """

    def __init__(self, cursor: Cursor) -> None:
        super().__init__()
        self._cursor = cursor
        self._place = torch.tensor([cursor.sample]).share_memory_()  # type: ignore[no-untyped-call]
        self._end: int | None = None  # of the epoch that this worker is in
        self._loaded = False

    def seek(self, *, step: int | None = None, sample: int | None = None, epoch: int | None = None) -> None:
        """Have the next `iter` begin at a step, a sample or an epoch."""
        self._cursor.seek(step=step, sample=sample, epoch=epoch)
        self._place[0] = self._cursor.sample

    def __iter__(self) -> Iterator[Batch]:
        worker, workers = _worker()
        if not self._loaded:
            # Moved at once and not by the generator, because a state may be asked for before its first batch.
            self._cursor.seek(sample=int(self._place[0]))
            self._end = self._cursor.order.epoch_end(self._cursor.sample)
            self._cursor.seek(sample=self._cursor.sample + worker * self._cursor.batch_size)
        self._loaded = False
        return self._cursor.iterate(self._end, workers=workers)

    def state_dict(self) -> dict[str, Any]:
        """This worker's place in the order, how many workers share it, and where its epoch ends."""
        _, workers = _worker()
        return {**self._cursor.state_dict(), "workers": workers, "end": self._end}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Have the next `iter` go on where the state was saved.

        Raises:
            ResumeError: If the state is of something else, or was saved by one of another number of workers.
        """
        _, workers = _worker()
        own = dict(state) if isinstance(state, Mapping) else {}
        saved_by, end = own.pop("workers", None), own.pop("end", None)
        if type(saved_by) is not int or saved_by != workers:
            raise ResumeError(
                f"the state was saved by one of {short(saved_by)} workers, there are {workers}; use as many, "
                "or save batches.state_dict() in the main process",
                expected=workers,
                found=saved_by,
            )
        self._cursor.load_state_dict(own)
        self._end = None if end is None else check_sample(end, "end")
        self._loaded = True


def _worker() -> tuple[int, int]:
    """This process's number among a DataLoader's workers, and how many they are."""
    info = get_worker_info()
    return (info.id, info.num_workers) if info else (0, 1)
