"""Samplers along a schedule of block sizes: rows are whole windows of the largest size, or pieces of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import AnySampler, Sampler, SamplerContext, ShardGroups, Spans, SpanSampler
from corpuskit.samplers.permutation import Permutation
from corpuskit.samplers.phases import Phases

# Permutations are cheap to make (one hash); this many are kept for batches that hold the end of an epoch.
_KEPT = 4


def open_phased(
    name: str, context: SamplerContext, make: Callable[[SamplerContext], AnySampler]
) -> AnySampler:
    """A sampler whose rows have as many tokens as the phases of its context say.

    One with epochs draws whole windows of the largest block size, and a phase of a smaller one cuts those
    that it has into pieces. So what a phase leaves of an epoch is what the next one draws, whatever its
    block size, and nothing is a target twice. The pieces of those windows of an epoch that are of one phase
    are mixed: neighbours come far apart. Those of a sampler that reads in order, or some shards at a time,
    follow each other. One without epochs draws each row at its own size.

    Args:
        name: The sampler's name.
        context: What it is told; its block size is the largest.
        make: Makes the sampler for one block size.

    Raises:
        ConfigError: If it cannot change its block size.
    """
    phases = context.phases
    assert phases is not None
    whole = make(dataclasses.replace(context, phases=None))
    if not whole.cuts:
        raise ConfigError(
            f"sampler {name!r} cannot change its block_size along a run: its rows are made for one size; say "
            "one block_size, or choose 'shuffled', 'shard_shuffled', 'sequential' or 'random'; a schedule of "
            "batch_size goes with every sampler",
            found=name,
        )
    if isinstance(whole, SpanSampler):
        return PhasedSpans(whole, phases, context.seed)
    assert isinstance(whole, Sampler)
    if whole.samples_per_epoch is None:
        sizes = {*phases.block_sizes} - {context.block_size}
        others = {size: make(dataclasses.replace(context, phases=None, block_size=size)) for size in sizes}
        return PhasedDraws({context.block_size: whole, **others}, phases)
    return PhasedWindows(whole, phases, context.seed)


class Phased(AnySampler):
    """What samplers along a schedule share.

    Args:
        sampler: The sampler of whole windows.
        phases: The phases.
    """

    def __init__(self, sampler: AnySampler, phases: Phases) -> None:
        self._whole, self._phases = sampler, phases
        self.in_order, self.seeded = sampler.in_order, sampler.seeded
        self.counted, self.group_tokens = sampler.counted, sampler.group_tokens
        self._per_epoch = sampler.samples_per_epoch
        if self._per_epoch is not None:
            self.samples_per_epoch = phases.sample_of(self._per_epoch)

    @property
    def part_epochs(self) -> tuple[int | None, ...]:
        """How many whole windows an epoch has."""
        return (self._per_epoch,)

    def drawn_tokens(self, sample: int) -> list[int]:
        """How many tokens of x the first samples have."""
        return [self._phases.tokens(sample)]

    def epoch_of(self, sample: int) -> int:
        """The number of the epoch that a sample is in."""
        assert self._per_epoch is not None
        return self._phases.window_of(sample) // self._per_epoch

    def epoch_begin(self, epoch: int) -> int:
        """The first sample of an epoch."""
        assert self._per_epoch is not None
        return self._phases.sample_of(epoch * self._per_epoch)

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """Those of whole windows of that size."""
        return self._whole.segment_bounds(num_rows, block_size, longest, ends)

    def upcoming(self, sample: int) -> ShardGroups | None:
        """Where the whole windows are."""
        return self._whole.upcoming(self._phases.window_of(sample))


class _Pieces:
    """Which piece of which whole window each sample is.

    Args:
        phases: The phases.
        per_epoch: Whole windows of an epoch, whose pieces are mixed; None leaves them in order.
        seed: What chooses their order.
    """

    def __init__(self, phases: Phases, per_epoch: int | None, seed: int) -> None:
        self._phases, self._per_epoch, self._seed = phases, per_epoch, seed
        self._orders: dict[tuple[int, int], Permutation] = {}

    def find(self, samples: Ints) -> tuple[Ints, Ints]:
        """int64[n], the number of the whole window, and int64[n], where in it, in tokens, the row begins."""
        numbers = self._phases.numbers(samples)
        windows, offsets = np.empty(len(samples), np.int64), np.empty(len(samples), np.int64)
        for number, here in _groups(numbers):
            windows[here], offsets[here] = self._in_phase(number, samples[here])
        return windows, offsets

    def _in_phase(self, number: int, samples: Ints) -> tuple[Ints, Ints]:
        phases = self._phases
        first, pieces = phases.first_windows[number], phases.pieces[number]
        rows = samples - phases.firsts[number] + first * pieces  # as if all before were of this size
        if pieces > 1 and self._per_epoch is not None:
            for epoch, here in _groups(rows // (pieces * self._per_epoch)):
                rows[here] = self._mixed(number, epoch, rows[here])
        windows = rows // pieces
        return windows, (rows - windows * pieces) * phases.block_sizes[number]

    def _mixed(self, number: int, epoch: int, rows: Ints) -> Ints:
        """Other rows of the same epoch and phase."""
        phases = self._phases
        assert self._per_epoch is not None
        pieces, later = phases.pieces[number], phases.first_windows[number + 1 : number + 2]
        begin = max(phases.first_windows[number], epoch * self._per_epoch)
        end = min([(epoch + 1) * self._per_epoch, *later])
        order = self._orders.get((number, epoch))
        if order is None:
            order = Permutation((end - begin) * pieces, "pieces", self._seed, epoch, begin, pieces)
            # Replaced and not changed, because a prefetching thread may be reading it.
            self._orders = dict([*list(self._orders.items())[-(_KEPT - 1) :], ((number, epoch), order)])
        return begin * pieces + order(rows - begin * pieces)


class PhasedWindows(Phased, Sampler):
    """Windows of the sizes of the phases, cut from whole ones.

    Args:
        sampler: The sampler of whole windows, with epochs.
        phases: The phases.
        seed: What chooses the order of pieces.
    """

    def __init__(self, sampler: Sampler, phases: Phases, seed: int) -> None:
        super().__init__(sampler, phases)
        self._sampler = sampler
        self._pieces = _Pieces(phases, self._per_epoch if _mixes(sampler) else None, seed)

    def starts(self, samples: Ints) -> Ints:
        """int64[n], one start a sample."""
        windows, offsets = self._pieces.find(samples)
        return self._sampler.starts(windows) + offsets


class PhasedSpans(Phased, SpanSampler):
    """Rows of the sizes of the phases, cut from rows of spans; arguments as those of `PhasedWindows`."""

    def __init__(self, sampler: SpanSampler, phases: Phases, seed: int) -> None:
        super().__init__(sampler, phases)
        self._sampler = sampler
        self._pieces = _Pieces(phases, self._per_epoch if _mixes(sampler) else None, seed)
        self.inside_documents = sampler.inside_documents

    def spans(self, samples: Ints) -> Spans:
        """What each row is made of."""
        windows, offsets = self._pieces.find(samples)
        first, starts, lengths, _ = self._sampler.spans(windows)
        row = np.repeat(np.arange(len(samples)), np.diff(first))
        begins = np.cumsum(lengths) - lengths
        places = begins - np.append(begins, 0)[first[:-1]][row]
        low = np.maximum(places, offsets[row])
        high = np.minimum(places + lengths, (offsets + self._phases.sizes(samples))[row])
        kept = high > low
        firsts = np.concatenate(([0], np.cumsum(kept)))[first]
        return Spans(firsts, (starts + low - places)[kept], (high - low)[kept])


class PhasedDraws(Phased, Sampler):
    """Windows of the sizes of the phases, each drawn for itself, of a sampler without epochs.

    Args:
        samplers: The sampler of each block size.
        phases: The phases.
    """

    def __init__(self, samplers: Mapping[int, Any], phases: Phases) -> None:
        super().__init__(samplers[phases.largest], phases)
        self._samplers = samplers

    def starts(self, samples: Ints) -> Ints:
        """int64[n], one start a sample."""
        starts = np.empty(len(samples), np.int64)
        for size, here in _groups(self._phases.sizes(samples)):
            starts[here] = self._samplers[size].starts(samples[here])
        return starts


def _mixes(sampler: AnySampler) -> bool:
    """Whether the pieces of windows may come in any order."""
    return sampler.seeded and not sampler.in_order and sampler.group_tokens is None


def _groups(numbers: Ints) -> Iterator[tuple[int, Any]]:
    """Each of some numbers, and where it is."""
    if len(numbers) and numbers.min() == numbers.max():
        yield int(numbers[0]), slice(None)
        return
    for number in np.unique(numbers).tolist():
        yield number, numbers == number


__all__ = ["Phased", "PhasedDraws", "PhasedSpans", "PhasedWindows", "open_phased"]
