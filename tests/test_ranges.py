import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.ranges import counting, ranges


@given(st.lists(st.tuples(st.integers(-100, 100), st.integers(0, 20))))
def test_ranges_are_those_of_python(pairs):
    firsts, lengths = np.array(pairs, np.int64).reshape(-1, 2).T

    found = ranges(firsts, lengths)

    assert found.tolist() == [number for first, length in pairs for number in range(first, first + length)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1024, 1025, 2**20 + 1])
def test_counting_begins_at_zero(count):
    np.testing.assert_array_equal(counting(count, np.int32), np.arange(count, dtype=np.int32))


def test_numbers_that_are_kept_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        counting(5)[0] = 1
