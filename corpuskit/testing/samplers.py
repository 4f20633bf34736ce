"""What every sampler must do: `SamplerSuite`."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from corpuskit.samplers.base import Sampler, SamplerContext
from corpuskit.samplers.phased import open_phased
from corpuskit.samplers.phases import Phases
from corpuskit.testing.comparison import assert_equal_numbers

MakeSampler = Callable[[SamplerContext], Sampler]

#: Sample numbers far beyond any run.
_HUGE = (10**12, 10**15, 2**53 + 1, 2**62)


def context(
    num_tokens: int = 10_000, block_size: int = 16, seed: int = 2024, num_documents: int = 37, **options: Any
) -> SamplerContext:
    """A context over a made-up split whose documents are of uneven lengths."""
    cuts = np.random.default_rng(num_tokens).integers(1, num_tokens + 1, size=num_documents - 1)
    ends = np.unique(np.append(cuts, num_tokens)).astype(np.int64)
    return SamplerContext(num_tokens, block_size, seed, lambda: ends, "0" * 64, options)


#: num_tokens and block_size: one window, a remainder, none, powers of two and their neighbours.
SIZES = ((2, 1), (17, 16), (18, 16), (33, 16), (100, 7), (1000, 1), (1024, 31), (1025, 32), (10_000, 128))


class SamplerSuite:
    """Subclass it and give the fixture `make_sampler`: a function from a context to a new sampler.

    Class attributes, for a sampler that promises less:
        seeded: False where the order does not depend on the seed, if the sampler does not declare it itself.
        distinct: False where a window may come twice in an epoch.
        options: What the sampler needs in `SamplerContext.options`.
    """

    seeded: bool = True
    distinct: bool = True
    options: dict[str, Any] = {}  # noqa: RUF012 -- a subclass replaces it

    @pytest.fixture
    def make_sampler(self) -> MakeSampler:
        """Makes the sampler to test, usually the class itself."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named 'make_sampler'")

    def context(self, num_tokens: int = 10_000, block_size: int = 16, seed: int = 2024) -> SamplerContext:
        """The context that a test works in."""
        return context(num_tokens, block_size, seed, **self.options)

    def test_it_is_a_sampler(self, make_sampler: MakeSampler) -> None:
        sampler = make_sampler(self.context())
        assert isinstance(sampler, Sampler)
        assert sampler.samples_per_epoch is None or sampler.samples_per_epoch >= 1

    @pytest.mark.parametrize(("num_tokens", "block_size"), SIZES)
    def test_starts_are_int64_inside_the_split(
        self, make_sampler: MakeSampler, num_tokens: int, block_size: int
    ) -> None:
        sampler = make_sampler(self.context(num_tokens, block_size))
        samples = np.append(np.arange(500), _HUGE)
        starts = sampler.starts(samples)
        assert starts.dtype == np.int64
        assert starts.shape == samples.shape
        assert starts.min() >= 0
        assert starts.max() <= num_tokens - block_size - 1, "a window of T + 1 tokens goes past the end"

    def test_no_samples_have_no_starts(self, make_sampler: MakeSampler) -> None:
        starts = make_sampler(self.context()).starts(np.empty(0, np.int64))
        assert starts.dtype == np.int64
        assert starts.shape == (0,)

    def test_a_sample_does_not_depend_on_what_else_is_asked(self, make_sampler: MakeSampler) -> None:
        sampler = make_sampler(self.context())
        samples = np.append(np.arange(300), _HUGE)
        before = samples.copy()
        together = sampler.starts(samples)
        assert (samples == before).all(), "the sample numbers were changed in place"
        shuffled = np.random.default_rng(1).permutation(len(samples))
        assert_equal_numbers(sampler.starts(samples[shuffled]), together[shuffled])
        one_by_one = [int(sampler.starts(samples[at : at + 1])[0]) for at in range(len(samples))]
        assert_equal_numbers(one_by_one, together)
        repeated = np.repeat(samples[:50], 3)
        assert_equal_numbers(sampler.starts(repeated), np.repeat(together[:50], 3))

    def test_huge_sample_numbers_differ(self, make_sampler: MakeSampler) -> None:
        sampler = make_sampler(self.context(num_tokens=100_000, block_size=1))
        for number in _HUGE:
            assert len(set(sampler.starts(np.arange(number, number + 100)).tolist())) > 50

    def test_a_sampler_made_again_gives_the_same_windows(self, make_sampler: MakeSampler) -> None:
        samples = np.append(np.arange(1000), _HUGE)
        first = make_sampler(self.context())
        first.starts(np.arange(7))  # what was asked before must not matter
        again = make_sampler(self.context())
        assert_equal_numbers(again.starts(samples), first.starts(samples))

    def test_the_global_generators_are_left_alone(self, make_sampler: MakeSampler) -> None:
        before: Any = np.random.get_state()
        np.random.seed(0)
        one = make_sampler(self.context()).starts(np.arange(100)).tolist()
        drawn = np.random.random()
        np.random.seed(0)
        expected = np.random.random()
        two = make_sampler(self.context()).starts(np.arange(100)).tolist()
        np.random.set_state(before)
        assert one == two, "the order depends on NumPy's global generator"
        assert drawn == expected, "the sampler draws from NumPy's global generator"

    def test_another_seed_is_another_order(self, make_sampler: MakeSampler) -> None:
        if not (self.seeded and make_sampler(self.context()).seeded):
            pytest.skip("the sampler says that its order does not depend on the seed")
        samples = np.arange(200)
        seeds = (0, 1, 2, -1, 2**31, 2**64 + 1, 2024)
        orders = {tuple(make_sampler(self.context(seed=seed)).starts(samples).tolist()) for seed in seeds}
        assert len(orders) == len(seeds)

    @pytest.mark.parametrize(("num_tokens", "block_size"), SIZES)
    def test_an_epoch_visits_each_of_its_windows_once(
        self, make_sampler: MakeSampler, num_tokens: int, block_size: int
    ) -> None:
        sampler = make_sampler(self.context(num_tokens, block_size))
        per_epoch = sampler.samples_per_epoch
        if per_epoch is None:
            pytest.skip("the sampler has no epochs")
        if not self.distinct:
            pytest.skip("the sampler says that a window may come twice")
        for epoch in (0, 1, 2, 10**9):
            starts = sampler.starts(epoch * per_epoch + np.arange(per_epoch))
            assert len(np.unique(starts)) == per_epoch, f"epoch {epoch} visits a window twice"

    def test_epochs_come_in_different_orders(self, make_sampler: MakeSampler) -> None:
        sampler = make_sampler(self.context())
        per_epoch = sampler.samples_per_epoch
        if per_epoch is None or not (self.seeded and sampler.seeded):
            pytest.skip("the sampler has no epochs, or one order")
        orders = [self._epoch(sampler, epoch, per_epoch).tolist() for epoch in (0, 1, 2)]
        assert orders[0] != orders[1] != orders[2]

    def test_its_rows_are_cut_along_a_schedule(self, make_sampler: MakeSampler) -> None:
        context = self.context(block_size=64)
        whole = make_sampler(context)
        if not whole.cuts:
            pytest.skip("the sampler says that its rows are made for one block size")
        phases = Phases(64, (0, 40, 48, 60), (16, 32, 64, 16))
        along = dataclasses.replace(context, phases=phases)
        sampler = open_phased("the sampler that is tested", along, make_sampler)
        assert isinstance(sampler, Sampler)
        windows = 100 if whole.samples_per_epoch is None else 2 * whole.samples_per_epoch
        samples = np.arange(phases.sample_of(windows))
        starts, sizes = sampler.starts(samples), phases.sizes(samples)
        assert starts.min() >= 0
        assert (starts + sizes < context.num_tokens).all(), "a row of the schedule goes past the end"
        shuffled = np.random.default_rng(1).permutation(len(samples))
        again = open_phased("the sampler that is tested", along, make_sampler)
        assert_equal_numbers(again.starts(samples[shuffled]), starts[shuffled])  # type: ignore[attr-defined]
        if whole.samples_per_epoch is None:
            return
        borders = [*(first for first in phases.first_windows if first < windows), windows]
        for (first, last), size in zip(itertools.pairwise(borders), phases.block_sizes, strict=False):
            pieces = whole.starts(np.arange(first, last))[:, None] + np.arange(0, 64, size)
            here = slice(phases.sample_of(first), phases.sample_of(last))
            assert (sizes[here] == size).all()
            assert_equal_numbers(np.sort(starts[here]), np.sort(pieces.reshape(-1)))

    def _epoch(self, sampler: Sampler, epoch: int, per_epoch: int) -> NDArray[np.int64]:
        return sampler.starts(np.arange(epoch * per_epoch, (epoch + 1) * per_epoch, dtype=np.int64))


__all__ = ["SIZES", "SamplerSuite", "context"]
