import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.samplers import counter

u64 = st.integers(0, 2**64 - 1)


# From the known-answer file that the authors ship with Random123.
@pytest.mark.parametrize(
    ("counters", "key", "expected"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_known_answers(counters, key, expected):
    low = np.array([counters[0] | counters[1] << 32], np.uint64)

    first, second = counter.philox(low, stream=counters[2] | counters[3] << 32, key=key[0] | key[1] << 32)

    found = int(first[0]) | int(second[0]) << 64
    assert [found >> 32 * i & 0xFFFFFFFF for i in range(4)] == expected


@given(st.lists(st.tuples(u64, u64), min_size=1))
def test_multiply_high_is_the_high_half_of_the_product(pairs):
    a, b = (np.array(side, np.uint64) for side in zip(*pairs, strict=True))

    assert counter.multiply_high(a, b).tolist() == [x * y >> 64 for x, y in pairs]


@given(st.lists(u64, min_size=1), st.integers(1, 2**63), u64, u64)
def test_uniform_below_is_the_scaled_random_number(counters, bound, stream, key):
    array = np.array(counters, np.uint64)
    high, low = counter.philox(array, stream=stream, key=key)

    found = counter.uniform_below(array, bound, stream=stream, key=key)

    exact = [(int(h) << 64 | int(lo)) * bound >> 128 for h, lo in zip(high, low, strict=True)]
    assert found.tolist() == exact
    alone = [counter.uniform_below(one, bound, stream=stream, key=key) for one in np.split(array, len(array))]
    assert np.concatenate(alone).tolist() == exact


def test_any_integer_and_any_string_have_hashes_of_their_own():
    parts = [(0,), (-1,), (1,), (10**40,), ("1",), ("", 1), (1, ""), ("a", "b"), ("ab",)]

    assert len({tuple(counter.hash_words(*p)) for p in parts}) == len(parts)
    assert counter.hash_words("random", 0) == counter.hash_words("random", 0)
