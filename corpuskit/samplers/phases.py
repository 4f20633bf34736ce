"""Where the block size changes along a run: phases of samples, counted in windows of the largest size."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
from collections.abc import Callable
from functools import cached_property

import numpy as np

from corpuskit.arrays import Ints


@dataclasses.dataclass(frozen=True)
class Phases:
    """From which sample on rows have how many tokens; each phase but the last is of whole windows.

    A whole window is one of the largest block size. Each block size divides it: rows are pieces of it.

    Args:
        largest: Tokens of x in a whole window.
        firsts: The first sample of each phase, ascending, the first at 0.
        block_sizes: T of each.

    Example:
        >>> phases = Phases(64, (0, 8), (16, 64))
        >>> phases.first_windows, phases.window_of(5), phases.sample_of(3)
        ((0, 2), 1, 9)
    """

    largest: int
    firsts: tuple[int, ...]
    block_sizes: tuple[int, ...]

    @cached_property
    def pieces(self) -> tuple[int, ...]:
        """Into how many rows each phase cuts a whole window."""
        return tuple(self.largest // size for size in self.block_sizes)

    @cached_property
    def first_windows(self) -> tuple[int, ...]:
        """How many whole windows are before each phase."""
        pairs = itertools.pairwise(self.firsts)
        counts = ((stop - start) // n for (start, stop), n in zip(pairs, self.pieces, strict=False))
        return tuple(itertools.accumulate(counts, initial=0))

    def at(self, sample: int) -> int:
        """The number of the phase that a sample is in."""
        return bisect.bisect_right(self.firsts, sample) - 1

    def numbers(self, samples: Ints) -> Ints:
        """int64[n]: the numbers of the phases that samples are in."""
        found: Ints = np.searchsorted(np.array(self.firsts), samples, side="right") - 1
        return found

    def sizes(self, samples: Ints) -> Ints:
        """int64[n]: T of each sample's row."""
        return np.array(self.block_sizes)[self.numbers(samples)]

    def window_of(self, sample: int) -> int:
        """The number in the run of the whole window that a sample is a piece of, unless pieces are mixed."""
        number = self.at(sample)
        return self.first_windows[number] + (sample - self.firsts[number]) // self.pieces[number]

    def windows(self, samples: Ints) -> Ints:
        """int64[n]: the same of many samples."""
        numbers = self.numbers(samples)
        first_windows, firsts, pieces = map(np.array, (self.first_windows, self.firsts, self.pieces))
        found: Ints = first_windows[numbers] + (samples - firsts[numbers]) // pieces[numbers]
        return found

    def sample_of(self, window: int) -> int:
        """How many samples are before a whole window, by its number in the run."""
        number = bisect.bisect_right(self.first_windows, window) - 1
        return self.firsts[number] + (window - self.first_windows[number]) * self.pieces[number]

    def tokens(self, sample: int) -> int:
        """How many tokens of x the first samples have."""
        number = self.at(sample)
        whole = self.first_windows[number] * self.largest
        return whole + (sample - self.firsts[number]) * self.block_sizes[number]

    def within(self, first: int, stop: int | None, count: Callable[[int], int]) -> Phases:
        """The phases of some of the whole windows of some of the run, as a run of their own.

        Args:
            first: The first window of the stretch of the run.
            stop: The window after its last; None is without end.
            count: How many of its first windows, so many of which are said, are meant.
        """
        ends = (*self.first_windows[1:], None)
        windows, sizes = [], []
        for begin, end, size in zip(self.first_windows, ends, self.block_sizes, strict=True):
            if (end is None or end > first) and (stop is None or begin < stop):
                windows.append(count(max(begin - first, 0)))
                sizes.append(size)
        rows = (
            (after - before) * (self.largest // size)
            for (before, after), size in zip(itertools.pairwise(windows), sizes, strict=False)
        )
        return Phases(self.largest, tuple(itertools.accumulate(rows, initial=0)), tuple(sizes))


__all__ = ["Phases"]
