import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.samplers.permutation import Permutation


def test_it_is_a_bijection_for_every_size_up_to_5000():
    for size in range(1, 5001):
        found = Permutation(size, 7)(np.arange(size))
        assert np.array_equal(np.bincount(found, minlength=size), np.ones(size, np.int64)), size


@pytest.mark.parametrize("size", [2**16 - 1, 2**16, 2**16 + 1, 2**17 + 1, 10**6])
def test_it_is_a_bijection_for_large_sizes(size):
    found = Permutation(size, "key")(np.arange(size))

    assert found.max() < size
    assert np.bincount(found, minlength=size).max() == 1


@given(
    size=st.one_of(
        st.integers(1, 10**15),
        st.builds(lambda bits, more: max(1, 2**bits + more), st.integers(1, 50), st.integers(-2, 2)),
    ),
    data=st.data(),
)
@settings(deadline=None)
def test_samples_of_huge_sizes_stay_inside_and_apart(size, data):
    positions = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=200, unique=True))

    found = Permutation(size, 3)(np.array(positions))

    assert found.min() >= 0
    assert found.max() < size
    assert len(np.unique(found)) == len(positions)


def slow_permutation(size, keys, position):
    """The same network on Python integers, from its description."""
    left = math.isqrt(size - 1) + 1
    right = -(-size // left)
    word = 2**64 - 1

    def mix(value):
        value = value * 0x9FB21C651E98DF25 & word
        return (value ^ value >> 32) * 0x9FB21C651E98DF25 % 2**64 >> 32

    while True:
        pair, sizes = list(divmod(position, right)), (left, right)
        for number, key in enumerate(keys):
            own, other = number % 2, 1 - number % 2
            pair[own] = (pair[own] + (mix(pair[other] ^ key) * sizes[own] >> 32)) % sizes[own]
        position = pair[0] * right + pair[1]
        if position < size:
            return position


@pytest.mark.parametrize("size", [1, 2, 5, 64, 1000, 10**12 + 39, 2**62])
def test_it_agrees_with_python_integers(size):
    permutation = Permutation(size, 11)
    keys = [int(key) for key in permutation._keys]
    positions = sorted({0, size // 3, size // 2, size - 1})

    expected = [slow_permutation(size, keys, p) for p in positions]
    assert permutation(np.array(positions)).tolist() == expected
    assert [permutation(np.array([p])).tolist() for p in positions] == [[p] for p in expected]


@given(size=st.integers(1, 2**62), key=st.integers(), data=st.data())
@settings(deadline=None)
def test_a_position_goes_to_one_place_alone_and_among_others(size, key, data):
    positions = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=50))
    permutation = Permutation(size, key)

    alone = [int(permutation(np.array([position]))[0]) for position in positions]

    assert permutation(np.array(positions)).tolist() == alone


def test_every_permutation_of_four_is_as_likely_as_every_other():
    draws = 12_000
    _, counts = np.unique([Permutation(4, k)(np.arange(4)) for k in range(draws)], axis=0, return_counts=True)

    assert len(counts) == 24
    assert ((counts - draws / 24) ** 2 / (draws / 24)).sum() < 23 + 5 * np.sqrt(2 * 23)


def test_positions_and_places_are_unrelated():
    size, keys = 64, 2000
    seen = np.zeros((size, size))
    for key in range(keys):
        seen[np.arange(size), Permutation(size, key)(np.arange(size))] += 1

    expected = keys / size
    freedom = (size - 1) ** 2
    assert abs(((seen - expected) ** 2 / expected).sum() - freedom) < 5 * np.sqrt(2 * freedom)


def test_keys_give_unrelated_orders():
    first, second = (Permutation(10_000, 5, epoch)(np.arange(10_000)) for epoch in (1, 2))

    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert (first == second).sum() < 10
