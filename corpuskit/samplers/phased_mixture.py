"""Mixtures along a schedule of block sizes: turns are whole windows, whose pieces follow each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.samplers.base import AnySampler, Sampler, Spans, SpanSampler, in_rows, window_spans
from corpuskit.samplers.mixture import MixtureSampler, MixtureSpanSampler, Part, Turns
from corpuskit.samplers.phased import Phased
from corpuskit.samplers.phases import Phases

#: Opens the parts of a mixture, each along phases of its own.
OpenParts = Callable[[Sequence[Phases]], Sequence[Part]]

# So many passes of a mixture that ends are kept; most are the same.
_KEPT = 4


class _Pass:
    """One epoch of a mixture, or all of one that does not end.

    A turn is a whole window of the largest block size. In a phase of a smaller one it is as many rows as such
    a window has, which one part gives one after the other. So parts have their shares of tokens to within a
    whole window, and whole windows when the block size changes.

    Args:
        turns: Whose turn each whole window is.
        phases: The phases of this pass.
        of_parts: Those of each part, in its own samples.
        parts: The parts, opened with them.
    """

    def __init__(
        self, turns: Turns, phases: Phases, of_parts: Sequence[Phases], parts: Sequence[Part]
    ) -> None:
        self._turns, self._phases, self._of_parts, self.parts = turns, phases, of_parts, parts

    def whose(self, samples: Ints) -> tuple[Ints, Ints]:
        """Whose each sample of the pass is: int64[n] parts, and int64[n], which of its own samples."""
        phases, numbers = self._phases, self._phases.numbers(samples)
        pieces = np.array(phases.pieces)[numbers]
        rows = samples - np.array(phases.firsts)[numbers]
        windows = rows // pieces
        parts, turn = self._turns.turns(windows + np.array(phases.first_windows)[numbers])
        firsts = np.array([each.firsts for each in self._of_parts])[parts, numbers]
        first_windows = np.array([each.first_windows for each in self._of_parts])[parts, numbers]
        return parts, firsts + (turn - first_windows) * pieces + rows - windows * pieces

    def drawn(self, sample: int) -> list[int]:
        """How many of the first samples of the pass each part has had."""
        phases = self._phases
        window = phases.window_of(sample)
        counts = self._turns.drawn(window)
        found = [own.sample_of(count) for own, count in zip(self._of_parts, counts, strict=True)]
        if rest := sample - phases.sample_of(window):
            found[int(self._turns.turns(np.array([window]))[0][0])] += rest
        return found

    def tokens(self, sample: int) -> list[int]:
        """How many tokens of x these have."""
        return [own.tokens(n) for own, n in zip(self._of_parts, self.drawn(sample), strict=True)]


class _PhasedMixture(Phased):
    """What both kinds of mixtures along a schedule share.

    Args:
        whole: The mixture of whole windows.
        turns: Whose turn each of those is.
        phases: The phases.
        open_parts: Opens the parts along their own phases.
    """

    def __init__(
        self,
        whole: MixtureSampler | MixtureSpanSampler,
        turns: Turns,
        phases: Phases,
        open_parts: OpenParts,
    ) -> None:
        super().__init__(whole, phases)
        self._turns, self._open_parts = turns, open_parts
        self._passes: dict[Phases, _Pass] = {}
        self._pass(0)  # so that what parts cannot do is said at once

    @property
    def part_epochs(self) -> tuple[int | None, ...]:
        """How many whole windows an epoch of each part has."""
        return self._whole.part_epochs

    @property
    def part_counted(self) -> tuple[Mapping[str, int], ...]:
        """What the sampler of each part counted."""
        return self._whole.part_counted

    def drawn(self, sample: int) -> list[int]:
        """How many of the first samples each part has had."""
        return self._sums(sample, _Pass.drawn)

    def drawn_tokens(self, sample: int) -> list[int]:
        """How many tokens of x these have."""
        return self._sums(sample, _Pass.tokens)

    def _sums(self, sample: int, count: Callable[[_Pass, int], list[int]]) -> list[int]:
        number = 0 if self._per_epoch is None else self.epoch_of(sample)
        first = 0 if self._per_epoch is None else self.epoch_begin(number)
        sums = np.array(count(self._pass(number), sample - first))
        for start, stop in itertools.pairwise(self._alike(number)):
            size = self.epoch_begin(start + 1) - self.epoch_begin(start)
            sums += (stop - start) * np.array(count(self._pass(start), size))
        found: list[int] = sums.tolist()
        return found

    def _alike(self, number: int) -> list[int]:
        """Where stretches of epochs with the same phases begin among the first ones, and where these end."""
        if not number:
            return [0]
        assert self._per_epoch is not None
        changing = [window // self._per_epoch for window in self._phases.first_windows]
        marks = {0, number, *changing, *(epoch + 1 for epoch in changing)}
        return sorted(mark for mark in marks if mark <= number)

    def _whose(self, samples: Ints) -> Iterator[tuple[Part, Ints, Ints]]:
        """Each part, int64[k], which of the samples are its, and int64[k], which of its own they are."""
        passes = np.zeros(len(samples), np.int64)
        if self._per_epoch is not None:
            passes = self._phases.windows(samples) // self._per_epoch
        for number in np.unique(passes).tolist():
            here = np.flatnonzero(passes == number)
            first = 0 if self._per_epoch is None else self.epoch_begin(number)
            found = self._pass(number)
            parts, own = found.whose(samples[here] - first)
            for part in np.unique(parts).tolist():
                its = parts == part
                yield found.parts[part], here[its], own[its]

    def _pass(self, number: int) -> _Pass:
        size, turns = self._per_epoch, self._turns
        first, stop = (0, None) if size is None else (number * size, (number + 1) * size)
        phases = self._phases.within(first, stop, int)
        found = self._passes.get(phases)
        if found is None:

            def its(part: int) -> Phases:
                return self._phases.within(first, stop, lambda window: turns.drawn(window)[part])

            of_parts = [its(part) for part in range(len(self.part_epochs))]
            found = _Pass(turns, phases, of_parts, self._open_parts(of_parts))
            # Replaced and not changed, because a prefetching thread may be reading it.
            self._passes = dict([*list(self._passes.items())[-(_KEPT - 1) :], (phases, found)])
        return found


class PhasedMixtureSampler(_PhasedMixture, Sampler):
    """A mixture of windows along a schedule."""

    def starts(self, samples: Ints) -> Ints:
        """int64[n], one start a sample, in the mixture's stream."""
        starts = np.empty(len(samples), np.int64)
        for part, here, own in self._whose(samples):
            assert isinstance(part.sampler, Sampler)
            starts[here] = part.sampler.starts(own) + part.offset
        return starts


class PhasedMixtureSpanSampler(_PhasedMixture, SpanSampler):
    """A mixture along a schedule in which some samplers give spans; rows of the others are one span."""

    def __init__(
        self, whole: MixtureSpanSampler, turns: Turns, phases: Phases, open_parts: OpenParts
    ) -> None:
        super().__init__(whole, turns, phases, open_parts)
        self.inside_documents, self.joined, self.breaks = whole.inside_documents, whole.joined, whole.breaks

    def spans(self, samples: Ints) -> Spans:
        """What each row is made of, in the mixture's stream."""
        parts: list[tuple[Ints, Spans]] = []
        for part, here, own in self._whose(samples):
            if isinstance(part.sampler, SpanSampler):
                spans = part.sampler.spans(own)
                parts.append((here, spans._replace(starts=spans.starts + part.offset)))
            else:
                assert isinstance(part.sampler, Sampler)
                starts = part.sampler.starts(own) + part.offset
                parts.append((here, window_spans(starts, self._phases.sizes(samples[here]))))
        return in_rows(parts, len(samples))


def open_phased_mixture(
    whole: MixtureSampler | MixtureSpanSampler, turns: Turns, phases: Phases, open_parts: OpenParts
) -> AnySampler:
    """A mixture whose block size changes along the run.

    Args:
        whole: The mixture of whole windows.
        turns: Whose turn each of those is.
        phases: The phases.
        open_parts: Opens the parts along their own phases.
    """
    arguments: tuple[Any, ...] = (turns, phases, open_parts)
    if isinstance(whole, MixtureSpanSampler):
        return PhasedMixtureSpanSampler(whole, *arguments)
    return PhasedMixtureSampler(whole, *arguments)


__all__ = ["PhasedMixtureSampler", "PhasedMixtureSpanSampler", "open_phased_mixture"]
