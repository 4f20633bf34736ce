"""Rows from which nothing is learned, left out of an order: the option `skip_untrained`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import SamplerContext, Spans, window_spans
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.saved_tables import open_table

#: The option's name.
SKIP_UNTRAINED = "skip_untrained"

#: Spans that are asked about at a time, which bounds memory.
GROUP_SPANS = 2**21

#: Of the form and of the content of the tables.
_VERSION = 1


class TrainedRows(NamedTuple):
    """The rows of an order that have a target to be learned.

    Attributes:
        numbers: int64[k], their numbers among all rows, ascending; None where they are all.
        skipped: How many others there are.
    """

    numbers: Ints | None = None
    skipped: int = 0

    def count(self, num_rows: int) -> int:
        """How many of `num_rows` rows there are."""
        return num_rows if self.numbers is None else len(self.numbers)

    def number(self, at: Ints) -> Ints:
        """The numbers of rows, given their places among those that have a target."""
        return at if self.numbers is None else self.numbers[at]

    def counted(self) -> dict[str, int]:
        """What a sampler says of it."""
        return {"rows_skipped": self.skipped} if self.skipped else {}


def trained_rows(
    context: SamplerContext, groups: Callable[[], Iterator[Spans]], *key: int | str
) -> TrainedRows:
    """The rows that are kept: all, unless the option says otherwise and the split says which targets count.

    Args:
        context: What the sampler was told.
        groups: Gives what the rows are made of, some rows at a time, from the first to the last.
        key: What the rows depend on beside the split, for the name in the cache.

    Raises:
        ConfigError: If the option is not true or false, or no row has such a target.
    """
    skip = context.options.get(SKIP_UNTRAINED, False)
    if not isinstance(skip, bool):
        raise ConfigError(
            f"sampler option {SKIP_UNTRAINED} = {skip!r:.80}: must be true or false", found=skip
        )
    count_targets = context.count_targets
    if not skip or count_targets is None:
        return TrainedRows()

    def make(counted: Counter[str]) -> Iterator[tuple[Ints]]:
        num_rows = 0
        for spans in groups():
            front = () if spans.bos is None else (spans.bos >= 0,)
            counts = count_targets(spans.starts, spans.lengths, *front)
            sums = np.concatenate(([0], np.cumsum(counts)))[spans.first]
            has_some = sums[1:] > sums[:-1]
            counted["rows_skipped"] += int(np.count_nonzero(~has_some))
            yield (num_rows + np.flatnonzero(has_some),)
            num_rows += len(has_some)

    words = hash_words("trained", _VERSION, context.fingerprint, *key)
    name = "trained-" + "".join(f"{word:016x}" for word in words) if context.fingerprint else ""
    table = open_table(name, {"rows": "<i8"}, make)
    (numbers,), skipped = table.arrays, table.counted.get("rows_skipped", 0)
    if skipped and not len(numbers):
        raise ConfigError(
            f"{SKIP_UNTRAINED}: none of the {skipped:,} rows has a target that is to be learned: the loss "
            "stream is 0 at each of theirs; 'corpuskit info' shows what the corpus was prepared with, and "
            "where documents are cut off, a larger block_size keeps more of them"
        )
    return TrainedRows(numbers, skipped) if skipped else TrainedRows()


def trained_windows(context: SamplerContext, num_targets: int) -> TrainedRows:
    """Those of the windows that lie end to end from the stream's beginning; see `trained_rows`.

    Args:
        context: What the sampler was told.
        num_targets: How many targets they have together; the last window may have fewer than T.
    """
    size = context.block_size

    def groups() -> Iterator[Spans]:
        for at in range(0, num_targets, GROUP_SPANS * size):
            starts = np.arange(at, min(num_targets, at + GROUP_SPANS * size), size)
            rows = window_spans(starts, size)
            yield rows._replace(lengths=np.minimum(rows.lengths, num_targets - starts))

    return trained_rows(context, groups, "windows", size, num_targets)


__all__ = ["GROUP_SPANS", "SKIP_UNTRAINED", "TrainedRows", "trained_rows", "trained_windows"]
