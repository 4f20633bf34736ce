import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.samplers import segment_bounds
from corpuskit.samplers.segment_bounds import greatest, most_in_window


@pytest.mark.parametrize("group", [2, 1000])
@given(sizes=st.lists(st.integers(0, 9), min_size=1, max_size=30), block=st.integers(1, 20))
def test_the_most_segments_of_a_window_are_found_at_some_place(group, sizes, block):
    document = np.repeat(np.arange(len(sizes)), sizes)
    padded = np.concatenate((document, np.full(block, document[-1] if len(document) else 0)))
    most = max((len(set(padded[at : at + block].tolist())) for at in range(len(document))), default=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_bounds, "_GROUP", group)
        found = most_in_window(np.cumsum(sizes), block)

    # The stream's end is looked at as if more tokens came after it.
    assert most <= found <= min(most + 1, block)


@given(bounds=st.lists(st.integers(1, 50), min_size=1, max_size=12), rows=st.integers(1, 30))
def test_rows_that_may_come_twice_are_counted_twice(bounds, rows):
    epochs = 1 if rows == 1 else 1 + -(-rows // len(bounds))  # that rows in sequence can touch
    expected = sorted(bounds * epochs)[-rows:]

    assert greatest(np.array(bounds), rows, repeats=True).tolist() == expected


def test_bounds_that_are_of_one_row_each_are_taken_as_they_are():
    assert greatest(np.array([3, 9, 1, 7]), 2).tolist() == [7, 9]
