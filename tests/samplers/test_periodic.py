from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.samplers.blend import Blend, first_turns_with
from corpuskit.samplers.periodic import MAX_PERIOD, PeriodicBlend, blend_of, period

whole_weights = st.lists(st.integers(1, 60), min_size=2, max_size=30)


@given(whole_weights)
@settings(deadline=None)
def test_counts_are_within_one_of_their_shares_at_every_prefix(weights):
    blend = PeriodicBlend([Fraction(weight) for weight in weights])
    turns = 2 * sum(weights) + 1

    parts, own = blend.turns(np.arange(turns))

    one_hot = np.zeros((turns, len(weights)), np.int64)
    one_hot[np.arange(turns), parts] = 1
    counts = np.cumsum(one_hot, axis=0)
    off = counts * sum(weights) - np.arange(1, turns + 1)[:, None] * np.array(weights)
    assert np.abs(off).max() <= blend.tolerance * sum(weights) + 1e-9
    assert blend.tolerance < 1
    np.testing.assert_array_equal(own, counts[np.arange(turns), parts] - 1)


@given(whole_weights, st.integers(0, 2**61))
@settings(deadline=None)
def test_turns_far_away_agree_with_the_counts(weights, turn):
    blend = PeriodicBlend([Fraction(weight) for weight in weights])
    before, after = blend.counts(turn), blend.counts(turn + 1)

    (part,), (own,) = blend.turns(np.array([turn]))

    assert sum(before) == turn
    assert after[part] == before[part] + 1
    assert own == before[part]


@given(whole_weights, st.integers(1, 10**6), st.data())
@settings(deadline=None)
def test_first_turns_with_is_the_least_number(weights, count, data):
    blend = PeriodicBlend([Fraction(weight) for weight in weights])
    part = data.draw(st.integers(0, len(weights) - 1))

    turns = first_turns_with(blend.counts, part, count)

    assert blend.counts(turns)[part] == count
    assert blend.counts(turns - 1)[part] == count - 1


@pytest.mark.parametrize(
    ("weights", "turns"), [(["0.5", "0.3", "0.2"], 10), (["3", "1"], 4), (["0.1", "1e-9"], 10**8 + 1)]
)
def test_the_period_is_the_least_common_one(weights, turns):
    assert period([Fraction(weight) for weight in weights]) == turns


def test_weights_of_five_decimals_have_a_table_and_others_do_not():
    fine = [Fraction(1, MAX_PERIOD), 1 - Fraction(1, MAX_PERIOD)]
    finer = [Fraction(1, MAX_PERIOD + 1), 1 - Fraction(1, MAX_PERIOD + 1)]

    assert blend_of(fine).counts(MAX_PERIOD) == [1, MAX_PERIOD - 1]
    assert isinstance(blend_of(finer), Blend)
    assert isinstance(blend_of([Fraction(1)]), Blend)
