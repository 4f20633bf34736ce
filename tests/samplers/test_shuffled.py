import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.samplers.shuffled import ShuffledSampler
from corpuskit.testing import SamplerSuite


@given(num_tokens=st.integers(2, 3000), block=st.integers(1, 64), seed=st.integers(), epoch=st.integers(0, 5))
def test_an_epoch_visits_every_window_once_and_no_token_twice(make_context, num_tokens, block, seed, epoch):
    block = min(block, num_tokens - 1)
    sampler = ShuffledSampler(make_context(num_tokens, block, seed))
    windows = sampler.samples_per_epoch

    starts = np.sort(sampler.starts(epoch * windows + np.arange(windows)))

    assert windows == (num_tokens - 1) // block
    assert (np.diff(starts) == block).all()
    assert 0 <= starts[0] <= (num_tokens - 1) % block
    assert starts[-1] + block + 1 <= num_tokens


def test_the_phase_and_the_order_change_from_epoch_to_epoch(make_context):
    sampler = ShuffledSampler(make_context(1000, 64))
    epochs = sampler.starts(np.arange(20 * sampler.samples_per_epoch)).reshape(20, -1)

    assert len(set((epochs % 64)[:, 0])) > 10
    assert len({tuple(np.argsort(epoch)) for epoch in epochs}) == 20


def test_every_token_is_seen_over_many_epochs(make_context):
    sampler = ShuffledSampler(make_context(1000, 64))
    starts = sampler.starts(np.arange(500 * sampler.samples_per_epoch))

    assert starts.min() == 0
    assert starts.max() == 1000 - 65


def test_neighbouring_seeds_do_not_replay_each_others_epochs(make_context):
    orders = set()
    for seed in range(4):
        sampler = ShuffledSampler(make_context(1001, 10, seed))
        orders |= {tuple(row) for row in sampler.starts(np.arange(400)).reshape(4, 100).tolist()}

    assert len(orders) == 16


def test_a_sample_far_away_costs_nothing_more(make_context):
    sampler = ShuffledSampler(make_context(10**15, 2048, seed=-3))
    far = np.array([10**12, 0, 10**18, 5])

    starts = sampler.starts(far)

    assert (starts >= 0).all()
    assert (starts < 10**15 - 2048).all()
    np.testing.assert_array_equal(starts, [sampler.starts(far[i : i + 1])[0] for i in range(4)])


def test_batches_across_epochs_are_those_of_the_parts(make_context):
    sampler = ShuffledSampler(make_context(101, 10))
    samples = np.arange(95)

    whole = sampler.starts(samples)

    np.testing.assert_array_equal(
        whole, np.concatenate([sampler.starts(part) for part in np.split(samples, 19)])
    )


def test_the_order_is_pinned(make_context):
    """These numbers are what saved runs resume by: they must never change."""
    starts = ShuffledSampler(make_context(10**9, 1024, seed=2024)).starts(np.array([0, 1, 2, 10**12]))

    assert starts.tolist() == PINNED


PINNED = [222098838, 826140054, 407104918, 734316829]


@pytest.mark.parametrize("num_tokens", [2, 11, 20, 21])
def test_a_split_of_one_window_has_an_epoch_of_one(make_context, num_tokens):
    block = min(10, num_tokens - 1)
    sampler = ShuffledSampler(make_context(num_tokens, block))

    assert sampler.samples_per_epoch == (num_tokens - 1) // block
    assert sampler.starts(np.arange(3)).max() <= num_tokens - block - 1


class TestShuffled(SamplerSuite):
    @pytest.fixture
    def make_sampler(self):
        return ShuffledSampler
