"""The built-in samplers under the shipped suite, and the suite under samplers that are wrong."""

import numpy as np
import pytest

from corpuskit.registry import Registry
from corpuskit.registry.specs import SamplerSpec
from corpuskit.samplers.base import Sampler
from corpuskit.testing.samplers import SamplerSuite

#: Those whose rows are made of spans, or are for some windows alone.
OTHERS = {"sequential", "packed", "aligned", "shard_shuffled"}
BUILTIN = {
    component.spec.name: component
    for component in Registry(environ={"CORPUSKIT_PLUGINS": ""}).components(SamplerSpec)
}


@pytest.mark.parametrize("name", sorted(BUILTIN.keys() - OTHERS))
class TestBuiltin(SamplerSuite):
    @pytest.fixture
    def make_sampler(self, name):
        return BUILTIN[name].load()


class Rotated(Sampler):
    """Every window of one corpus in order, from a place that the seed and the epoch decide."""

    def __init__(self, context):
        self._context = context
        self.samples_per_epoch = context.num_tokens - context.block_size

    def starts(self, samples):
        samples = np.asarray(samples, np.int64)
        epoch = samples // self.samples_per_epoch
        turn = (epoch * 7919 + self._context.seed % 1_000_003) % self.samples_per_epoch
        return (samples % self.samples_per_epoch + turn) % self.samples_per_epoch


class TestARightSampler(SamplerSuite):
    @pytest.fixture
    def make_sampler(self):
        return Rotated


class TestASamplerThatMayBeCut(SamplerSuite):
    distinct = False

    @pytest.fixture
    def make_sampler(self):
        return Endless


class Endless(Rotated):
    """The same windows, without epochs and at any block size."""

    cuts = True

    def __init__(self, context):
        super().__init__(context)
        self._count, self.samples_per_epoch = self.samples_per_epoch, None

    def starts(self, samples):
        return (np.asarray(samples, np.int64) + self._context.seed % 1_000_003) % self._count


class OfOneSize(Endless):
    """It says that its rows may be cut, and remembers the block size that was said last."""

    block_size = 0

    def __init__(self, context):
        super().__init__(context)
        OfOneSize.block_size = context.block_size

    def starts(self, samples):
        return self._context.num_tokens - OfOneSize.block_size - 1 - np.asarray(samples, np.int64) % 7


class Counting(Rotated):
    """Its windows depend on how many were asked for so far, in an epoch that may be cut."""

    cuts = True
    asked = 0

    def starts(self, samples):
        self.asked += len(samples)
        return (super().starts(samples) + self.asked) % self.samples_per_epoch


class PastTheEnd(Rotated):
    def starts(self, samples):
        return super().starts(samples) + 1


class Stateful(Rotated):
    calls = 0

    def starts(self, samples):
        self.calls += 1
        return (super().starts(samples) + self.calls) % self.samples_per_epoch


class Global(Rotated):
    def starts(self, samples):
        return np.random.randint(0, self.samples_per_epoch, len(samples))


class Seedless(Rotated):
    def starts(self, samples):
        return np.asarray(samples) % self.samples_per_epoch


class WithReplacement(Rotated):
    def starts(self, samples):
        return super().starts(samples) // 2


class InPlace(Rotated):
    def starts(self, samples):
        samples %= self.samples_per_epoch
        return samples.copy()


class Int32(Rotated):
    def starts(self, samples):
        return super().starts(samples).astype(np.int32)


class Narrow(Rotated):
    """Sample numbers as float32, which runs out of digits."""

    def starts(self, samples):
        return super().starts(np.asarray(samples).astype(np.float32).astype(np.int64))


@pytest.mark.parametrize(
    ("wrong", "test", "arguments"),
    [
        (PastTheEnd, "test_starts_are_int64_inside_the_split", (100, 7)),
        (Int32, "test_starts_are_int64_inside_the_split", (100, 7)),
        (Stateful, "test_a_sample_does_not_depend_on_what_else_is_asked", ()),
        (Stateful, "test_a_sampler_made_again_gives_the_same_windows", ()),
        (InPlace, "test_a_sample_does_not_depend_on_what_else_is_asked", ()),
        (Global, "test_the_global_generators_are_left_alone", ()),
        (Seedless, "test_another_seed_is_another_order", ()),
        (Seedless, "test_epochs_come_in_different_orders", ()),
        (WithReplacement, "test_an_epoch_visits_each_of_its_windows_once", (100, 7)),
        (Narrow, "test_huge_sample_numbers_differ", ()),
        (OfOneSize, "test_its_rows_are_cut_along_a_schedule", ()),
        (Counting, "test_its_rows_are_cut_along_a_schedule", ()),
        (dict, "test_it_is_a_sampler", ()),
    ],
)
def test_the_suite_finds(wrong, test, arguments):
    make = wrong if wrong is not dict else lambda _: {}
    with pytest.raises(AssertionError):
        getattr(SamplerSuite(), test)(make, *arguments)
