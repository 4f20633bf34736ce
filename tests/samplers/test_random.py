import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.samplers.random import RandomSampler
from corpuskit.testing import SamplerSuite


@given(
    seed=st.integers(),
    block_size=st.integers(1, 4096),
    windows=st.integers(1, 10**15),
    samples=st.lists(st.integers(0, 2**62), min_size=1, max_size=50),
)
def test_every_start_is_that_of_a_whole_window(make_context, seed, block_size, windows, samples):
    starts = RandomSampler(make_context(block_size + windows, block_size, seed)).starts(np.array(samples))

    assert starts.dtype == np.int64
    assert starts.min() >= 0
    assert starts.max() < windows


def test_a_start_depends_on_its_sample_number_alone(make_context):
    sampler = RandomSampler(make_context(10**9, 1024, seed=7))
    whole = sampler.starts(np.arange(1000))

    order = np.random.default_rng(0).permutation(1000)
    np.testing.assert_array_equal(sampler.starts(order), whole[order])
    np.testing.assert_array_equal(sampler.starts(np.arange(990, 1000)), whole[990:])


@pytest.mark.parametrize("seed", [0, 1, -1, 2**64, -(10**30)])
def test_starts_are_uniform_by_chi_square(make_context, seed):
    bins, draws = 100, 100_000
    starts = RandomSampler(make_context(bins + 8, 8, seed)).starts(np.arange(draws))

    observed = np.bincount(starts, minlength=bins)
    chi_square = ((observed - draws / bins) ** 2 / (draws / bins)).sum()
    # 99 degrees of freedom: mean 99, standard deviation 14.1; five of them either way.
    assert 29 < chi_square < 169


def test_pairs_of_neighbouring_samples_are_uniform_too(make_context):
    bins, draws = 20, 200_000
    starts = RandomSampler(make_context(bins + 8, 8)).starts(np.arange(draws)).reshape(-1, 2)

    observed = np.bincount(starts[:, 0] * bins + starts[:, 1], minlength=bins**2)
    expected = draws / 2 / bins**2
    chi_square = ((observed - expected) ** 2 / expected).sum()
    assert 399 - 5 * 28.3 < chi_square < 399 + 5 * 28.3


def test_neighbouring_seeds_are_unrelated(make_context):
    first, second = (RandomSampler(make_context(10**6, 8, seed)).starts(np.arange(10_000)) for seed in (3, 4))

    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert np.intersect1d(first[:-1], second[1:]).size < 300  # about 100 by chance


def test_the_order_is_pinned(make_context):
    """These numbers are what saved runs resume by: they must never change."""
    starts = RandomSampler(make_context(10**9, 1024, seed=2024)).starts(np.array([0, 1, 2, 10**12]))

    assert starts.tolist() == PINNED


PINNED = [502191044, 771280284, 962079916, 421483898]


def test_options_are_refused(make_context):
    with pytest.raises(ConfigError, match="sampler 'random' has no option 'tail'; it has none"):
        RandomSampler(make_context(100, 8, options={"tail": "pad"}))


class TestRandom(SamplerSuite):
    @pytest.fixture
    def make_sampler(self):
        return RandomSampler
