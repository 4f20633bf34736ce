from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.samplers.blend import Blend, first_turns_with

weights_of = st.lists(st.fractions(Fraction(1, 10**6), 10**6), min_size=1, max_size=8)


def prefix_counts(blend, num_parts, turns):
    parts, own = blend.turns(np.arange(turns))
    one_hot = np.zeros((turns, num_parts), np.int64)
    one_hot[np.arange(turns), parts] = 1
    for part in range(num_parts):
        np.testing.assert_array_equal(own[parts == part], np.arange((parts == part).sum()))
    return np.cumsum(one_hot, axis=0)


@given(weights_of)
@settings(max_examples=60, deadline=None)
def test_counts_hold_at_every_prefix_to_within_the_tolerance(weights):
    blend = Blend(weights)
    shares = np.array([float(weight / sum(weights)) for weight in weights])

    counts = prefix_counts(blend, len(weights), 2000)

    expected = np.arange(1, 2001)[:, None] * shares
    assert np.abs(counts - expected).max() <= blend.tolerance + 1e-6
    assert blend.tolerance <= 1.2
    assert blend.counts(1000) == counts[999].tolist()


@given(st.lists(st.fractions(Fraction(1, 10**6), 10**6), min_size=1, max_size=4))
@settings(deadline=None)
def test_up_to_four_parts_are_never_off_by_more_than_one(weights):
    assert Blend(weights).tolerance <= 1.0001


@pytest.mark.parametrize("parts", [2, 3, 5, 12, 31])
def test_equal_parts_are_never_off_by_more_than_one(parts):
    assert Blend([Fraction(1)] * parts).tolerance <= 1


def test_tiny_weights_do_not_vanish():
    blend = Blend([Fraction(1), Fraction(1, 10**9)])

    assert blend.counts(10**12) == [10**12 - 1000, 1000]
    parts, own = blend.turns(np.array([first_turns_with(blend.counts, 1, 5) - 1]))
    assert (parts.tolist(), own.tolist()) == ([1], [4])


@given(weights_of, st.integers(0, 2**61))
@settings(deadline=None)
def test_turns_far_away_agree_with_the_counts(weights, turn):
    blend = Blend(weights)
    before, after = blend.counts(turn), blend.counts(turn + 1)

    (part,), (own,) = blend.turns(np.array([turn]))

    assert sum(before) == turn
    assert after[part] == before[part] + 1
    assert own == before[part]


@given(weights_of, st.integers(1, 10**6), st.data())
@settings(deadline=None)
def test_first_turns_with_is_the_least_number(weights, count, data):
    blend = Blend(weights)
    part = data.draw(st.integers(0, len(weights) - 1))

    turns = first_turns_with(blend.counts, part, count)

    assert blend.counts(turns)[part] == count
    assert blend.counts(turns - 1)[part] == count - 1
