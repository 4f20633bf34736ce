"""The built-in samplers that give starts keep the contract that plugins keep."""

import pytest

from corpuskit.samplers.random import RandomSampler
from corpuskit.samplers.sequential import open_sequential
from corpuskit.samplers.shuffled import ShuffledSampler
from corpuskit.testing import SamplerSuite


class TestRandom(SamplerSuite):
    @pytest.fixture
    def make_sampler(self):
        return RandomSampler


class TestShuffled(SamplerSuite):
    @pytest.fixture
    def make_sampler(self):
        return ShuffledSampler


class TestSequential(SamplerSuite):
    seeded = False

    @pytest.fixture
    def make_sampler(self):
        return open_sequential
