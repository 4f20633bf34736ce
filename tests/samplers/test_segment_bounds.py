import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.samplers import segment_bounds
from corpuskit.samplers.segment_bounds import count_segments, greatest, most_cut, most_in_window


@pytest.mark.parametrize("group", [2, 1000])
@given(sizes=st.lists(st.integers(0, 9), min_size=1, max_size=30), block=st.integers(1, 20))
def test_the_most_segments_of_a_window_are_found_at_some_place(group, sizes, block):
    document = np.repeat(np.arange(len(sizes)), sizes)
    padded = np.concatenate((document, np.full(block, document[-1] if len(document) else 0)))
    most = max((len(set(padded[at : at + block].tolist())) for at in range(len(document))), default=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_bounds, "_GROUP", group)
        found = most_in_window(np.cumsum(sizes), block, block)

    # The stream's end is looked at as if more tokens came after it.
    assert most <= found <= min(most + 1, block)


@given(bounds=st.lists(st.integers(1, 50), min_size=1, max_size=12), rows=st.integers(1, 30))
def test_rows_that_may_come_twice_are_counted_twice(bounds, rows):
    epochs = 1 if rows == 1 else 1 + -(-rows // len(bounds))  # that rows in sequence can touch
    expected = sorted(bounds * epochs)[-rows:]

    assert greatest(np.array(bounds), rows, repeats=True).tolist() == expected


def test_bounds_that_are_of_one_row_each_are_taken_as_they_are():
    assert greatest(np.array([3, 9, 1, 7]), 2).tolist() == [7, 9]


def cut(lengths, longest):
    """How many pieces of at most so many places they are cut into, one after another."""
    return sum(len(range(0, length, longest)) for length in lengths)


@given(
    rows=st.lists(st.lists(st.integers(1, 9), max_size=4), min_size=1, max_size=6),
    longest=st.integers(1, 40),
    more=st.integers(0, 9),
)
def test_segments_are_counted_with_their_cuts_and_the_padding(rows, longest, more):
    block = max(map(sum, rows)) + more
    first = np.cumsum([0, *map(len, rows)])
    places = np.array([size for row in rows for size in row], np.int64)

    found = count_segments(first, places, block, longest).tolist()

    expected = [[*row, *([block - sum(row)] if sum(row) < block else [])] for row in rows]
    assert found == [cut(row, longest) for row in expected]
    bounds = most_cut(np.array([*map(len, expected)]), block, longest).tolist()
    assert all(one <= bound for one, bound in zip(found, bounds, strict=True))
