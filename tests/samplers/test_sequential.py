import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.samplers.sequential import open_sequential
from corpuskit.testing import SamplerSuite


def test_windows_come_in_order_pass_after_pass(make_context):
    sampler = open_sequential(make_context(25, 4, batch_size=3))

    assert sampler.samples_per_epoch == 6
    assert sampler.starts(np.arange(8)).tolist() == [0, 4, 8, 12, 16, 20, 0, 4]


def test_dropping_leaves_out_what_does_not_fill_a_batch(make_context):
    sampler = open_sequential(make_context(25, 4, batch_size=4))

    assert sampler.samples_per_epoch == 4


@given(num_tokens=st.integers(2, 500), block=st.integers(1, 40), batch=st.integers(1, 9))
def test_padding_makes_every_token_but_the_first_a_target_once(make_context, num_tokens, block, batch):
    block = min(block, num_tokens - 1)
    sampler = open_sequential(make_context(num_tokens, block, batch_size=batch, options={"tail": "pad"}))

    spans = sampler.spans(np.arange(sampler.samples_per_epoch))

    targets = [np.arange(s + 1, s + n + 1) for s, n in zip(spans.starts, spans.lengths, strict=True)]
    assert np.concatenate(targets).tolist() == list(range(1, num_tokens))
    assert spans.lengths.max() <= block
    assert sampler.samples_per_epoch % batch == 0
    assert np.diff(spans.first).max() == 1


def test_an_unknown_policy_is_refused(make_context):
    with pytest.raises(ConfigError, match="sampler option tail = 'wrap': must be 'drop' or 'pad'"):
        open_sequential(make_context(25, 4, options={"tail": "wrap"}))


def test_a_split_that_does_not_fill_a_batch_is_refused(make_context):
    with pytest.raises(ConfigError, match="6 windows of block_size 4 do not fill a batch of 7; choose a sm"):
        open_sequential(make_context(25, 4, batch_size=7))


class TestSequential(SamplerSuite):
    seeded = False

    @pytest.fixture
    def make_sampler(self):
        return open_sequential
