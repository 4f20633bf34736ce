"""Torch datasets over batches, for training code that is built around a DataLoader."""

from __future__ import annotations

import copy
import operator
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from corpuskit.arrays import Ints
from corpuskit.batches.cursor import Cursor
from corpuskit.batches.engines import Batch, for_torch
from corpuskit.batches.loops import Loops
from corpuskit.batches.options import are_names
from corpuskit.batches.order import Order
from corpuskit.batches.schedule import Schedule
from corpuskit.batches.segments import IGNORED
from corpuskit.batches.state import MAX_SAMPLE, check_sample, short
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.numbers import whole

#: Tensors, and a mapping of names to tensors where streams of values were asked for; or a mapping alone.
Item = Any

#: Rows that are read at once by who takes all of them.
_ROWS_AT_ONCE = 64

#: What a column of an item may be; the last two are of documents.
COLUMNS = ("input_ids", "labels", "position_ids", "seq_lengths")


class WindowDataset(Dataset[Item]):
    """A map-style Dataset: item i is sample `first_sample + i` of the order, as (x, y), int64[T] each.

    With documents, an item is (x, y, document_ids, position_ids), as in `Segments` for this row alone; with
    streams of values, a dict of them follows, each [T]; and with labels, their ids, int32[T], whose names are
    `batches.label_names`. With `columns` it is a dict of these, as models of transformers take it: see
    `Batches.dataset`. It pickles as the corpus's path and the options; every worker process maps the files
    itself.

    In epoch n, which `set_epoch` says, item i is sample `first_sample + n * num_samples + i`: so each epoch
    has an order of its own. Where nobody says it, every loop has the same items.

    With a schedule of block sizes, items have the length that their samples have.

    Args:
        order: The order.
        first_sample: The sample that is item 0.
        num_samples: How many items there are.
        columns: Names of what an item has; none is a tuple.

    Raises:
        ConfigError: If there is no such column, or there are not so many samples.
    """

    def __init__(
        self, order: Order, first_sample: int, num_samples: int, columns: Sequence[str] = ()
    ) -> None:
        _check_columns(columns, order)
        if first_sample + num_samples > MAX_SAMPLE:
            raise ConfigError(
                f"num_samples = {short(num_samples)}: samples count from 0 to 2**62", found=num_samples
            )
        self._order = order
        self._first_sample = first_sample
        self._num_samples = num_samples
        self._columns = tuple(columns)
        # Shared, so that workers that live on hear of it.
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return self._num_samples

    def set_epoch(self, epoch: int) -> None:
        """Have the items be those of an epoch; the Hugging Face Trainer and Accelerate call it.

        Args:
            epoch: From 0, which is where the dataset begins.

        Raises:
            ConfigError: If there is no such epoch.
        """
        epoch = whole("epoch", epoch, least=0)
        _check_place(epoch, self._first_sample + (epoch + 1) * self._num_samples)
        self._epoch[0] = epoch

    def __getitem__(self, index: int) -> Item:
        number = operator.index(index)
        place = number + self._num_samples if number < 0 else number
        if not 0 <= place < self._num_samples:
            raise IndexError(f"item {number} of a dataset of {self._num_samples:,}")
        columns = self._order.row(self._begin() + place, watch=self._order.watch)
        return self._items(columns)[0]

    def __getitems__(self, indices: list[int]) -> list[Item]:
        """Many items in one read; DataLoader's workers ask for a batch this way."""
        places = np.asarray(indices, np.int64)
        if len(places) and (places.min() < 0 or places.max() >= self._num_samples):
            return [self[index] for index in indices]
        samples = self._begin() + places
        if self._order.schedule is None:
            return self._items(self._order.rows(samples, watch=self._order.watch))
        sizes = self._order.schedule.block_sizes(samples)
        found: dict[int, Item] = {}
        for size in np.unique(sizes).tolist():
            here = np.flatnonzero(sizes == size)
            items = self._items(self._order.rows(samples[here], watch=self._order.watch))
            found.update(zip(here.tolist(), items, strict=True))
        return [found[place] for place in range(len(places))]

    def __iter__(self) -> Iterator[Item]:
        for first in range(0, self._num_samples, _ROWS_AT_ONCE):
            yield from self.__getitems__([*range(first, min(first + _ROWS_AT_ONCE, self._num_samples))])

    def _begin(self) -> int:
        """The sample that is item 0 in this epoch."""
        return self._first_sample + int(self._epoch.item()) * self._num_samples

    def _items(self, columns: tuple[Any, ...]) -> list[Item]:
        if not self._columns:
            return list(zip(*map(_each, columns), strict=True))
        x, y, *documents = columns
        named = {name: _each(_column(name, x, y, documents)) for name in self._columns}
        return [dict(zip(named, row, strict=True)) for row in zip(*named.values(), strict=True)]


def _each(column: Any) -> Iterable[Any]:
    """The rows of an array as tensors, or of a mapping to arrays; lists are as they are."""
    if isinstance(column, Mapping):
        rows = zip(*map(_each, column.values()), strict=True)
        return [dict(zip(column, row, strict=True)) for row in rows]
    if isinstance(column, list):
        return column
    if len(column) == 1:  # in half the time
        return (torch.from_numpy(for_torch(column[0])),)
    return torch.from_numpy(for_torch(column)).unbind()


def _column(name: str, x: Ints, y: Ints, documents: Sequence[Any]) -> Any:
    """What a column has of rows.

    A model of transformers compares what it says at place t with labels[t + 1], and y[t] is what follows
    x[t]. So labels[t + 1] is y[t], and as they are made of y, not of x, they keep its -100. Nothing comes
    before the first, so it is -100, and the last y has no place in them.
    """
    if name == "input_ids":
        return x
    if name == "labels":
        labels = np.empty_like(y)
        labels[:, 0], labels[:, 1:] = IGNORED, y[:, :-1]
        return labels
    positions = documents[1]
    if name == "position_ids":
        return positions.astype(np.int64)
    ends = (np.append(np.flatnonzero(row == 0), len(row)) for row in positions)
    return [np.diff(each).tolist() for each in ends]


def _check_columns(columns: Sequence[str], order: Order) -> None:
    """Refuse columns that there are not.

    Raises:
        ConfigError: Naming those that there are.
    """
    if not are_names(columns) or not set(columns) <= {*COLUMNS}:
        raise ConfigError(
            f"columns = {columns!r:.80}: must be different names of {', '.join(COLUMNS)}", found=columns
        )
    of_documents = [name for name in columns if name in COLUMNS[2:]]
    if of_documents and not order.options.documents:
        raise ConfigError(
            f"columns: {of_documents[0]!r} is of documents; make the batches with documents='mask'",
            found=columns,
        )
    if "labels" in columns and order.options.num_targets > 1:
        raise ConfigError(
            f"columns: 'labels' has one target a place, and num_targets is {order.options.num_targets}; "
            "leave one of them out",
            found=columns,
        )


class IterableBatches(IterableDataset[Batch]):
    """Whole batches as an iterable Dataset, in one order for any number of workers.

    Worker w of W makes steps w, w + W, w + 2W, ... and the DataLoader takes them in turns. The first loop
    goes from where the batches were to the end of their epoch, and each one after it is the next epoch: as
    loops over `Batches` are, but for one that is broken off. What was left of its epoch is left out, because
    workers are ahead of the loop and do not know how far it came. `set_epoch` says which epoch the next loop
    is, as Accelerate and the Hugging Face Trainer do. A sampler without epochs begins at one place each time.

    `state_dict` and `load_state_dict` are for torchdata's StatefulDataLoader, which keeps a state for each
    worker. Where the main process counts the batches itself, `batches.state_dict` is all there is to save.

    Args:
        cursor: The order, and the place where the first loop begins.
    """

    def __init__(self, cursor: Cursor) -> None:
        super().__init__()
        self._cursor = cursor
        self._loops = Loops()
        # Where epoch 0 begins. Shared, because a worker's state may say so.
        self._first = torch.tensor([cursor.sample]).share_memory_()  # type: ignore[no-untyped-call]
        self._epoch: int | None = None  # that this process is in
        self._loaded = False

    def __len__(self) -> int:
        """Batches in a whole epoch, the one that reaches its end included.

        Raises:
            TypeError: If the sampler has no epochs.
        """
        return self._cursor.order.batches_in_epoch()

    def set_epoch(self, epoch: int) -> None:
        """Have the next loop be an epoch, and the ones after it those that follow.

        Args:
            epoch: From 0, which is where the dataset begins and to that epoch's end.

        Raises:
            ConfigError: If there is no such epoch.
        """
        epoch = whole("epoch", epoch, least=0)
        if epoch and self._cursor.order.samples_per_epoch is None:
            raise ConfigError(f"epoch {short(epoch)}: {self._no_epochs}", found=epoch)
        _check_place(epoch, self._begin(epoch))
        self._loops.following = epoch
        if epoch != self._epoch:
            self._loaded = False  # else it goes on where the state was saved

    def __iter__(self) -> Iterator[Batch]:
        if not self._loaded:
            epoch = self._loops.begin()
            if epoch and self._cursor.order.samples_per_epoch is None and not _worker()[0]:
                warnings.warn(
                    f"this loop begins where the one before it did: {self._no_epochs}", stacklevel=2
                )
            self._move(epoch)
        self._loaded = False
        return self._cursor.iterate(self._end(), workers=_worker()[1])

    def state_dict(self) -> dict[str, Any]:
        """This worker's place in the order, how many workers share it, and which epoch it is from where."""
        if self._epoch is None:
            self._move(self._loops.following)
            self._epoch = None
        return {
            **self._cursor.state_dict(),
            "workers": _worker()[1],
            "first": int(self._first[0]),
            "epoch": self._loops.following if self._epoch is None else self._epoch,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Have the next `iter` go on where the state was saved.

        Raises:
            ResumeError: If the state is of something else, or was saved by one of another number of workers,
                or with batches of another size.
        """
        _, workers = _worker()
        own = dict(state) if isinstance(state, Mapping) else {}
        found = {"workers": own.pop("workers", None)}
        first, epoch = own.pop("first", None), own.pop("epoch", None)
        expected = {"workers": workers}
        for name in ("batch_size", "block_size"):
            found[name], expected[name] = own.get(name), self._cursor.order.size(name)
        for name, here in expected.items():
            if type(found[name]) is not type(here) or found[name] != here:
                raise ResumeError(
                    f"the state was saved with {name} {short(found[name])}, there are {here}; use as many, "
                    "or save batches.state_dict() in the main process",
                    expected=here,
                    found=found[name],
                )
        first, epoch = check_sample(first, "first"), check_sample(epoch, "epoch")
        moved = copy.copy(self._cursor)
        moved.load_state_dict(own)
        if first > moved.sample:
            raise ResumeError(f"damaged state: it is of sample {moved.sample:,}, before its first, {first:,}")
        self._cursor = moved
        self._first[0] = first
        self._epoch = epoch
        self._loops.following = epoch + 1
        self._loaded = True

    @property
    def _no_epochs(self) -> str:
        return (
            f"sampler {self._cursor.order.options.sampler!r} has no epochs; take one that has, such as "
            "'shuffled', or seek a step and make the dataset anew"
        )

    def _move(self, epoch: int) -> None:
        """Go to where this worker begins an epoch: at once, as a state may be asked for before a batch."""
        self._cursor = copy.copy(self._cursor)  # a loop that is under way keeps its own
        self._cursor.seek(sample=self._cursor.after(self._begin(epoch), _worker()[0]))
        self._epoch = epoch

    def _begin(self, epoch: int) -> int:
        """The sample where an epoch begins: whole batches after the first, as loops over `Batches` do."""
        first, order = int(self._first[0]), self._cursor.order
        size = order.samples_per_epoch
        if not epoch or size is None:
            return first
        if order.schedule is not None:
            return self._begin_with(order.schedule, first, epoch)
        batch_size = order.options.batch_size
        if size < batch_size:  # a batch reaches the end of an epoch, or of several
            return first + epoch * batch_size
        ahead = (first // size + epoch) * size - first
        return first + -(-ahead // batch_size) * batch_size

    def _begin_with(self, schedule: Schedule, first: int, epoch: int) -> int:
        """The same with a schedule: batches begin where steps do."""
        order = self._cursor.order
        begin = order.sampler.epoch_begin(order.sampler.epoch_of(first) + epoch)
        return schedule.first_sample(max(schedule.next_step(begin), schedule.step_of(first) + epoch))

    def _end(self) -> int | None:
        assert self._epoch is not None
        return self._cursor.order.epoch_end(self._begin(self._epoch))


def _check_place(epoch: int, sample: int) -> None:
    if sample > MAX_SAMPLE:
        raise ConfigError(f"epoch {short(epoch)}: samples count from 0 to 2**62", found=epoch)


def _worker() -> tuple[int, int]:
    """This process's number among a DataLoader's workers, and how many they are."""
    info = get_worker_info()
    return (info.id, info.num_workers) if info else (0, 1)
