"""Losses by label: what a model pays for each corpus of a mixture, or for each value of a kept field."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.labels import Labels
from corpuskit.batches.ranks import process_group, sum_over_ranks
from corpuskit.batches.segments import IGNORED
from corpuskit.errors import ConfigError
from corpuskit.evaluation.given import check_other, check_shape, is_tensor, real_numbers, whole_numbers
from corpuskit.markup import display, spell

_COLUMNS = ("label", "targets", "share", "mean loss")


class LossBySource:
    """Adds up a model's losses by the labels of their targets.

    Batches have labels where they were asked for: `batches(..., labels=True)` of a mixture, or the name of a
    kept field. A target that is -100 does not count. The sums stay in float64 where the losses are, until one
    asks for them, so that `add` waits for no device. Print it, and it is a table.

    Attributes:
        names: The labels that batches had so far; None is what documents have that have no value.

    Example:
        >>> import numpy as np
        >>> mixture = corpuskit.mix({"data/web/gpt2": 0.7, "data/books/gpt2": 0.3})
        >>> batches = mixture.batches("train", batch_size=8, block_size=16, labels=True, output="numpy")
        >>> losses = corpuskit.LossBySource()
        >>> for step in range(10):
        ...     x, y, labels = batches[step]
        ...     losses.add(np.full(y.shape, 2.5), y, labels)  # what the model paid for each target
        >>> losses.means()
        {'data/web/gpt2': 2.5, 'data/books/gpt2': 2.5}
    """

    def __init__(self) -> None:
        self.names: tuple[str | None, ...] = ()
        #: (2, L): of each label the sum of the losses, and their number; an array, or a tensor on a device.
        self._sums: Any = None

    def add(self, losses: Any, y: Any, labels: Labels) -> None:
        """Add the losses of a batch.

        Args:
            losses: In nats, one for each place of y, in its shape or flat: an array, or a tensor on any
                device. What is at the places where y is -100 does not matter.
            y: The batch's targets, (b, T).
            labels: The batch's labels.

        Raises:
            ConfigError: If the losses or labels are no numbers, or do not have the shape of the targets.
        """
        if not isinstance(labels, Labels):
            raise ConfigError(
                f"labels: expected the corpuskit.Labels that a batch ends with, found "
                f"{type(labels).__name__}; ask for them with labels=True, or a kept field's name",
                found=labels,
            )
        losses, y = real_numbers("losses", losses), whole_numbers("y", y)
        ids, expected = whole_numbers("labels", labels.ids), tuple(y.shape)
        advice = "one for each target (reduction='none' where a loss function has that)"
        for what, values in (("losses", losses), ("labels", ids)):
            check_shape(what, tuple(values.shape), expected, advice=advice)
        places = self._places(labels.names)
        on_device = is_tensor(losses) and losses.device.type not in ("cpu", "mps")  # the last has no float64
        add_up = _sums_on_device if on_device else _sums_of_arrays
        self._add(add_up(losses, y, ids, places, len(self.names)))

    def merge(self, other: LossBySource) -> None:
        """Add what another rank, or a part of the work, has added; labels of one name are one.

        Args:
            other: The other one.

        Raises:
            ConfigError: If it is no other one.
        """
        check_other(self, other)
        places = self._places(other.names)
        sums = np.zeros((2, len(self.names)))
        sums[:, places] = other._on_host()
        self._add(sums)

    def all_reduce(self, group: Any = None) -> None:
        """Add what all ranks have added, once, by torch.distributed; each rank has all of it then.

        Where torch has no process group, nothing changes.

        Args:
            group: The process group; by default all ranks.
        """
        if process_group() is None:
            return
        import torch.distributed as dist

        names: list[Any] = [None] * dist.get_world_size(group)
        dist.all_gather_object(names, self.names, group=group)
        united = LossBySource()
        for of_rank in names:
            united._places(of_rank)
        united.merge(self)
        self.names, self._sums = united.names, sum_over_ranks(united._on_host(), group)

    @property
    def nats(self) -> float:
        """The sum of all losses that were added."""
        return math.fsum(self.totals().values())

    @property
    def num_added(self) -> int:
        """Targets that were added so far."""
        return sum(self.counts().values())

    @property
    def mean_loss(self) -> float:
        """The mean loss of a target in nats, whatever its label; nan where there is none."""
        count = self.num_added
        return self.nats / count if count else math.nan

    def totals(self) -> dict[str | None, float]:
        """The sum of the losses in nats, by label."""
        return dict(zip(self.names, self._on_host()[0].tolist(), strict=True))

    def counts(self) -> dict[str | None, int]:
        """How many targets were added, by label."""
        return dict(zip(self.names, self._on_host()[1].astype(np.int64).tolist(), strict=True))

    def means(self) -> dict[str | None, float]:
        """The mean loss of a target in nats, by label; nan where there is none."""
        sums, counts = self._on_host()
        means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
        return dict(zip(self.names, means.tolist(), strict=True))

    def __str__(self) -> str:
        rows = [_COLUMNS, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join((name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])))
            for name, *numbers in rows
        )

    def __repr__(self) -> str:
        found = f"{len(self.names):,} labels, {self.num_added:,} targets, {self.nats:,.3f} nats"
        return f"<LossBySource: {found}>"

    def _repr_html_(self) -> str:
        return display("Losses by label", {}, _COLUMNS, self._rows())

    def _rows(self) -> list[tuple[str, ...]]:
        """The table, a row a label and one for all."""
        counts, means, total = self.counts(), self.means(), self.num_added
        lines = [(_shown(name), counts[name], means[name]) for name in self.names]
        return [
            (name, f"{count:,}", f"{count / total if total else 0:.1%}", f"{mean:.4f}")
            for name, count, mean in (*lines, ("all", total, self.mean_loss))
        ]

    def _places(self, names: tuple[str | None, ...]) -> Ints:
        """Where labels of these names are in the sums; new ones get places."""
        is_list = isinstance(names, tuple | list)
        if is_list and names == self.names[: len(names)]:
            return np.arange(len(names))
        if not is_list or not all(name is None or isinstance(name, str) for name in names):
            raise ConfigError(f"labels: expected their names as texts, found {names!r:.80}", found=names)
        self.names = tuple(dict.fromkeys((*self.names, *names)))
        at = {name: place for place, name in enumerate(self.names)}
        return np.array([at[name] for name in names], np.int64)

    def _add(self, sums: Any) -> None:
        """Add (2, L) sums, where the earlier ones are if that is a device, too."""
        if self._sums is None:
            self._sums = sums
            return
        before = self._sums
        if not (is_tensor(before) and is_tensor(sums) and before.device == sums.device):
            before, sums = _host(before), _host(sums)
        sums[:, : before.shape[1]] += before
        self._sums = sums

    def _on_host(self) -> NDArray[np.float64]:
        """float64 (2, L): what was added up so far."""
        sums = np.zeros((2, len(self.names)))
        if self._sums is not None:
            sums[:, : self._sums.shape[1]] = _host(self._sums)
        return sums


def _sums_of_arrays(losses: Any, y: Any, ids: Any, places: Ints, size: int) -> NDArray[np.float64]:
    """float64 (2, size): the sum and the number of losses by label."""
    y, ids = (np.asarray(_host(each)).reshape(-1) for each in (y, ids))
    counts = (y != IGNORED) & (ids >= 0)
    if (most := int(ids.max(initial=-1))) >= len(places):
        raise ConfigError(
            f"labels: expected numbers of {len(places):,} names, counted from 0, found {most:,}", found=most
        )
    slots = places[ids[counts]]
    losses = _host(losses.cpu().double()) if is_tensor(losses) else losses
    some = np.asarray(losses, np.float64).reshape(-1)[counts]
    return np.array((np.bincount(slots, some, size), np.bincount(slots, minlength=size)), np.float64)


def _sums_on_device(losses: Any, y: Any, ids: Any, places: Ints, size: int) -> Any:
    """The same where a tensor of losses is, which nobody waits for."""
    import torch

    y, ids = (torch.as_tensor(each, device=losses.device).reshape(-1) for each in (y, ids))
    counts = (y != IGNORED) & (ids >= 0)
    ids = ids.long()
    if not np.array_equal(places, np.arange(len(places))):
        # A number of -1 is the table's last one.
        ids = torch.from_numpy(np.append(places, size)).to(losses.device)[ids]
    slots = torch.where(counts, ids, size)  # what does not count goes to one more place
    sums = torch.zeros((2, size + 1), dtype=torch.float64, device=losses.device)
    sums[0].index_add_(0, slots, torch.where(counts, losses.reshape(-1).double(), 0.0))
    sums[1].index_add_(0, slots, counts.double())
    return sums[:, :size]


def _host(values: Any) -> Any:
    """A tensor as an array; an array as it is."""
    return values.cpu().numpy() if is_tensor(values) else values


def _shown(name: str | None) -> str:
    """A label in a table: on one line, and nothing in it that cannot be seen."""
    return "(none)" if name is None else spell(" ".join(name.split()))


__all__ = ["LossBySource"]
