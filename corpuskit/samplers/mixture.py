"""Samplers of several corpora as one: whose turn a sample is, and which of that corpus's own samples."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import (
    AnySampler,
    Sampler,
    ShardGroups,
    Spans,
    SpanSampler,
    in_rows,
    window_spans,
)
from corpuskit.samplers.blend import Blend, first_turns_with
from corpuskit.samplers.periodic import PeriodicBlend, blend_of
from corpuskit.samplers.segment_bounds import greatest


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One corpus of a mixture.

    Args:
        sampler: Its own sampler, over its own stream.
        offset: Where its stream begins in the mixture's.
    """

    sampler: AnySampler
    offset: int


class Turns:
    """Whose turn each sample is, over stages with weights of their own.

    In a stage, each corpus has its share of the samples at every prefix, to within the blend's tolerance. A
    corpus goes on in the next stage with the sample after its last, so none is lost or repeated. One that has
    reached its cap leaves, and the others keep their proportions; when all have left, the mixture ends.

    Args:
        stages: (first sample, one weight a part) in ascending order, the first at sample 0.
        caps: For each part, how many of its samples may be drawn, or None.

    Attributes:
        num_samples: Where the mixture ends; None if it does not.
    """

    def __init__(self, stages: Sequence[tuple[int, Sequence[Fraction]]], caps: Sequence[int | None]) -> None:
        self._num_parts = len(caps)
        self._stages: list[_Stage] = []
        self.num_samples: int | None = None
        drawn = [0] * len(caps)
        ends = [first for first, _ in stages[1:]] + [None]
        for (first, weights), end in zip(stages, ends, strict=True):
            if self.num_samples is None:
                drawn = self._append(first, end, weights, caps, drawn)
        self._firsts = np.array([stage.first for stage in self._stages], np.int64)

    def turns(self, samples: Ints) -> tuple[Ints, Ints]:
        """Whose each sample is: int64[n] parts, and int64[n], which of that part's own samples."""
        parts = np.empty(len(samples), np.int64)
        own = np.empty(len(samples), np.int64)
        stages = np.searchsorted(self._firsts, samples, side="right") - 1
        for number in np.unique(stages).tolist():
            stage = self._stages[number]
            here = stages == number
            active, turn = stage.blend.turns(samples[here] - stage.first)
            parts[here] = stage.parts[active]
            own[here] = turn + stage.drawn[active]
        return parts, own

    def drawn(self, sample: int) -> list[int]:
        """How many of the first samples each part has had."""
        stage = self._stages[int(np.searchsorted(self._firsts, sample, side="right")) - 1]
        return stage.counts(sample, self._num_parts)

    def _append(
        self,
        first: int,
        end: int | None,
        weights: Sequence[Fraction],
        caps: Sequence[int | None],
        drawn: list[int],
    ) -> list[int]:
        """Add a stage, split where a part reaches its cap; returns what is drawn at its end."""
        while True:
            active = [part for part, weight in enumerate(weights) if weight > 0 and drawn[part] != caps[part]]
            if not active:
                self.num_samples = first
                return drawn
            blend = blend_of([weights[part] for part in active])
            stage = _Stage(first, blend, np.array(active), np.array([drawn[part] for part in active]), drawn)
            self._stages.append(stage)
            left = [
                first + first_turns_with(blend.counts, number, cap - drawn[part])
                for number, part in enumerate(active)
                if (cap := caps[part]) is not None
            ]
            until = min([*left, *([] if end is None else [end])], default=None)
            if until is None:
                return drawn
            drawn = stage.counts(until, self._num_parts)
            if until == end:
                return drawn
            first = until


@dataclasses.dataclass(frozen=True, slots=True)
class _Stage:
    """From sample `first` on: the parts that take part, and what each and every one had drawn before."""

    first: int
    blend: Blend | PeriodicBlend
    parts: Ints
    drawn: Ints
    before: list[int]

    def counts(self, sample: int, num_parts: int) -> list[int]:
        counts = dict(zip(self.parts.tolist(), self.blend.counts(sample - self.first), strict=True))
        return [self.before[part] + counts.get(part, 0) for part in range(num_parts)]


class MixtureSampler(Sampler):
    """A mixture of samplers that give starts.

    An epoch of a mixture that ends is a whole number of batches; the samples after it begin it again.
    """

    def __init__(self, turns: Turns, parts: Sequence[Part], *, batch_size: int) -> None:
        self._turns = turns
        self._parts = parts
        self.group_tokens = min(
            (part.sampler.group_tokens for part in parts if part.sampler.group_tokens is not None),
            default=None,
        )
        if turns.num_samples is not None:
            self.samples_per_epoch = turns.num_samples // batch_size * batch_size
            if not self.samples_per_epoch:
                raise ConfigError(
                    f"the mixture ends after {turns.num_samples:,} samples, which do not fill a batch of "
                    f"{batch_size:,}; raise max_epochs",
                    expected=batch_size,
                    found=turns.num_samples,
                )

    def starts(self, samples: Ints) -> Ints:
        """int64[n], one start a sample, in the mixture's stream."""
        parts, own = self.whose(samples)
        starts = np.empty(len(samples), np.int64)
        for number in np.unique(parts).tolist():
            part, here = self._parts[number], parts == number
            assert isinstance(part.sampler, Sampler)
            starts[here] = part.sampler.starts(own[here]) + part.offset
        return starts

    @property
    def part_epochs(self) -> tuple[int | None, ...]:
        """How many samples an epoch of each part has."""
        return tuple(part.sampler.samples_per_epoch for part in self._parts)

    @property
    def part_counted(self) -> tuple[Mapping[str, int], ...]:
        """What the sampler of each part counted."""
        return tuple(part.sampler.counted for part in self._parts)

    def drawn(self, sample: int) -> list[int]:
        """How many of the first samples each part has had."""
        if self.samples_per_epoch is None:
            return self._turns.drawn(sample)
        epochs, rest = divmod(sample, self.samples_per_epoch)
        whole = self._turns.drawn(self.samples_per_epoch)
        return [epochs * all_of + some for all_of, some in zip(whole, self._turns.drawn(rest), strict=True)]

    def upcoming(self, sample: int) -> ShardGroups | None:
        """Where the streams of those parts are read that can say it, in the mixture's stream."""
        if self.samples_per_epoch is not None:
            sample %= self.samples_per_epoch
        found = [
            [places + part.offset for places in each]
            for part, own in zip(self._parts, self._turns.drawn(sample), strict=True)
            if (each := part.sampler.upcoming(own)) is not None
        ]
        return ShardGroups(*map(np.concatenate, zip(*found, strict=True))) if found else None

    def whose(self, samples: Ints) -> tuple[Ints, Ints]:
        """Whose each sample is: int64[n] parts, and int64[n], which of that part's own samples."""
        if self.samples_per_epoch is not None:
            samples = samples % self.samples_per_epoch
        return self._turns.turns(samples)


class MixtureSpanSampler(SpanSampler):
    """A mixture in which some samplers give spans; rows of the others are one span.

    Args:
        mixture: The mixture.
        parts: Its parts.
        block_size: T, tokens of x in a window.
    """

    def __init__(self, mixture: MixtureSampler, parts: Sequence[Part], *, block_size: int) -> None:
        self._mixture = mixture
        self._parts = parts
        self._block_size = block_size
        self.samples_per_epoch, self.group_tokens = mixture.samples_per_epoch, mixture.group_tokens
        self.inside_documents = all(
            isinstance(part.sampler, SpanSampler) and part.sampler.inside_documents for part in parts
        )
        self.joined = any(isinstance(part.sampler, SpanSampler) and part.sampler.joined for part in parts)
        self.pad_to_multiple = max(
            part.sampler.pad_to_multiple if isinstance(part.sampler, SpanSampler) else 1 for part in parts
        )
        breaks = [
            part.sampler.breaks + part.offset
            for part in parts
            if isinstance(part.sampler, SpanSampler) and part.sampler.breaks is not None
        ]
        self.breaks = np.concatenate(breaks) if breaks else None

    def spans(self, samples: Ints) -> Spans:
        """What each row is made of, in the mixture's stream."""
        parts, own = self._mixture.whose(samples)
        numbers = np.unique(parts).tolist()
        places = [np.flatnonzero(parts == number) for number in numbers]
        spans = (self._spans(number, own[at]) for number, at in zip(numbers, places, strict=True))
        return in_rows(zip(places, spans, strict=True), len(samples))

    @property
    def part_epochs(self) -> tuple[int | None, ...]:
        """How many samples an epoch of each part has."""
        return self._mixture.part_epochs

    @property
    def part_counted(self) -> tuple[Mapping[str, int], ...]:
        """What the sampler of each part counted."""
        return self._mixture.part_counted

    def drawn(self, sample: int) -> list[int]:
        """How many of the first samples each part has had."""
        return self._mixture.drawn(sample)

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """Those of the rows of any part that may be in most, as a batch may have any of them."""
        bounds = [part.sampler.segment_bounds(num_rows, block_size, longest, ends) for part in self._parts]
        return greatest(np.concatenate(bounds), num_rows)

    def upcoming(self, sample: int) -> ShardGroups | None:
        """Where the streams of those parts are read that can say it, in the mixture's stream."""
        return self._mixture.upcoming(sample)

    def _spans(self, number: int, samples: Ints) -> Spans:
        """What the rows of a part's own samples are made of."""
        sampler, offset = self._parts[number].sampler, self._parts[number].offset
        if isinstance(sampler, SpanSampler):
            spans = sampler.spans(samples)
            return spans._replace(starts=spans.starts + offset)
        assert isinstance(sampler, Sampler)
        return window_spans(sampler.starts(samples) + offset, self._block_size + self.joined)
