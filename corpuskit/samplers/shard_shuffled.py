"""Windows shuffled among some shards at a time, for corpora of which not all is on this machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.numbers import whole
from corpuskit.ranges import ranges
from corpuskit.samplers.base import (
    SamplerContext,
    ShardGroups,
    Spans,
    SpanSampler,
    check_options,
    in_rows,
)
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.permutation import Permutation
from corpuskit.samplers.segment_bounds import most_cut, most_in_window

#: Tokens of a group of shards unless an option says otherwise: 1 GiB of ids of two bytes, 2 GiB of four. It
#: is the same on every machine, whatever its cache holds, because the order follows from it.
GROUP_TOKENS = 2**29

#: An epoch's order takes a few numbers a shard; this many are kept, for batches that hold the end of one.
_KEPT_EPOCHS = 4


class ShardShuffledSampler(SpanSampler):
    """Each epoch visits the shards in an order of its own, group by group, and mixes the windows of a group.

    A shard of n tokens has n - 1 pairs of a token and its successor. An epoch lays the shards end to end in a
    random order and cuts their P pairs into E = P // T rows of T pairs. No pair is seen twice in an epoch.
    A row that crosses from a shard into the one that is visited next is made of two spans, so the ends of
    shards are not lost. What is: the pair of a shard's last token with the next shard's first, in every
    epoch; and P % T pairs that are left over, fewer than T. These are split between the beginning and the end
    of an epoch's order at a phase that differs by epoch, so they are others each time.

    Shards that follow each other in this order are a group, as many as have at most `group_tokens` tokens
    together, and one that has more is a group of its own. The rows of a group come in a random order, and all
    of them before any of the next. One that crosses into the next group comes last. So a machine reads a
    group's shards and no others, and needs each shard once an epoch if it can keep two groups.

    Order and phase are functions of a hash of (seed, epoch) and of the sizes of the shards: the same text in
    other shards has another order. Neither ranks nor the machine's cache matter. Consecutive rows are shared
    by the ranks, so all of them are in one group.

    When the block size changes in a run, the epoch and the fraction of it that is done are kept, as by
    `shuffled`. The order of the shards and their groups stay the same, so pairs are seen again or left out in
    the group that was begun and nowhere else, apart from one row a group.
    """

    resizable = True
    cuts = True

    def __init__(self, context: SamplerContext) -> None:
        check_options("shard_shuffled", context, "group_tokens")
        self._seed = context.seed
        self._block_size = context.block_size
        given = context.options.get("group_tokens", GROUP_TOKENS)
        self.group_tokens = self._most = whole("sampler option group_tokens", given, least=1)
        bounds = np.array([0, context.num_tokens]) if context.shard_starts is None else context.shard_starts()
        sizes = np.diff(bounds)
        self._starts, self._sizes = bounds[:-1][sizes > 1], sizes[sizes > 1]
        num_pairs = int(self._sizes.sum()) - len(self._sizes)
        self._num_rows, self._left_over = divmod(num_pairs, context.block_size)
        if not self._num_rows:
            raise ConfigError(
                f"shard_shuffled: the shards have {num_pairs:,} pairs of tokens that follow each other, and "
                f"a row needs block_size {context.block_size:,} of them; choose a smaller block_size",
                expected=context.block_size,
                found=num_pairs,
            )
        self.samples_per_epoch = self._num_rows
        self._epochs: dict[int, _Epoch] = {}

    def spans(self, samples: Ints) -> Spans:
        """What each row is made of: one span, or more where it crosses shards."""
        epochs = samples // self._num_rows
        positions = samples - epochs * self._num_rows
        numbers = np.unique(epochs).tolist()
        if len(numbers) == 1:
            return self._epoch(numbers[0]).spans(positions)
        places = [np.flatnonzero(epochs == number) for number in numbers]
        spans = (self._epoch(number).spans(positions[at]) for number, at in zip(numbers, places, strict=True))
        return in_rows(zip(places, spans, strict=True), len(samples))

    def upcoming(self, sample: int) -> ShardGroups:
        """The first tokens of the shards of a sample's group, and of the next one's."""
        number, position = divmod(sample, self._num_rows)
        epoch = self._epoch(number)
        group = epoch.group_at(position)
        is_last = group == epoch.num_groups - 1
        then = self._epoch(number + 1).group(0) if is_last else epoch.group(group + 1)
        return ShardGroups(epoch.group(group), then)

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """The most that any window is in, for each of the shards that a row may be of."""
        whole = np.searchsorted(np.cumsum(np.sort(self._sizes - 1)), block_size - 2, side="right")
        most = most_in_window(ends(), block_size, block_size) * (int(whole) + 2)
        return np.full(num_rows, most_cut(np.array(most), block_size, longest), np.int64)

    def _epoch(self, number: int) -> _Epoch:
        found = self._epochs.get(number)
        if found is None:
            key = (self._seed, number)
            phase = hash_words("shards phase", *key)[0] * (self._left_over + 1) >> 64
            order = Permutation(len(self._sizes), "shards", *key)(np.arange(len(self._sizes)))
            starts, sizes = self._starts[order], self._sizes[order]
            found = _Epoch(starts, sizes, self._most, self._block_size, self._num_rows, phase, key)
            # Replaced and not changed, because a prefetching thread may be reading it.
            kept = list(self._epochs.items())[-(_KEPT_EPOCHS - 1) :]
            self._epochs = dict([*kept, (number, found)])
        return found


class _Epoch:
    """The order of one epoch.

    Args:
        starts: int64[S], where the shards start in the stream, in the order in which they are visited.
        sizes: int64[S], their tokens, each at least 2.
        most: Tokens of a group.
        block_size: T, tokens of x in a row.
        num_rows: E, rows of the epoch.
        phase: How many pairs are left out at the beginning.
        key: What chooses the order of each group's rows.

    Attributes:
        num_groups: How many groups there are.
    """

    def __init__(
        self,
        starts: Ints,
        sizes: Ints,
        most: int,
        block_size: int,
        num_rows: int,
        phase: int,
        key: tuple[int, int],
    ) -> None:
        self._starts, self._block_size, self._phase, self._key = starts, block_size, phase, key
        self._ends = np.cumsum(sizes - 1)
        tokens = np.cumsum(sizes)
        cuts = [0]  # the first shard of each group, and S
        while (begin := cuts[-1]) < len(sizes):
            before = int(tokens[begin - 1]) if begin else 0
            cuts.append(max(int(np.searchsorted(tokens, before + most, side="right")), begin + 1))
        self._cuts, self.num_groups = cuts, len(cuts) - 1
        borders = np.concatenate(([0], self._ends[np.array(cuts[1:]) - 1]))
        self._first_rows = np.clip(-((phase - borders) // block_size), 0, num_rows)
        # Of a group whose last row crosses into the next one, how many others there are.
        crosses = phase + self._first_rows[1:] * block_size > borders[1:]
        self._mixed = np.diff(self._first_rows) - (crosses & (np.diff(self._first_rows) > 0))

    def group_at(self, position: int) -> int:
        """The group of the row at a position."""
        return int(np.searchsorted(self._first_rows, position, side="right")) - 1

    def group(self, number: int) -> Ints:
        """Where the shards of a group start in the stream, in the order in which they are visited."""
        return self._starts[self._cuts[number] : self._cuts[number + 1]]

    def spans(self, positions: Ints) -> Spans:
        """The rows at some positions of the epoch."""
        begins = self._rows(positions) * self._block_size + self._phase
        first = np.searchsorted(self._ends, begins, side="right")
        counts = np.searchsorted(self._ends, begins + self._block_size - 1, side="right") - first + 1
        firsts = np.concatenate(([0], np.cumsum(counts)))
        shards = ranges(first, counts)
        ends = self._ends[shards]
        shard_begins = np.where(shards > 0, self._ends[shards - 1], 0)
        begins = np.repeat(begins, counts)
        inside = np.maximum(begins - shard_begins, 0)
        lengths = np.minimum(begins + self._block_size, ends) - shard_begins - inside
        return Spans(firsts, self._starts[shards] + inside, lengths)

    def _rows(self, positions: Ints) -> Ints:
        """Which rows are at some positions, counted in the order in which they lie in the epoch's shards."""
        groups = np.searchsorted(self._first_rows, positions, side="right") - 1
        rows: Ints = positions.copy()
        for group in np.unique(groups).tolist():
            first, mixed = int(self._first_rows[group]), int(self._mixed[group])
            here = np.flatnonzero((groups == group) & (positions < first + mixed))
            if len(here):
                permutation = Permutation(mixed, "rows", *self._key, group)
                rows[here] = first + permutation(positions[here] - first)
        return rows
