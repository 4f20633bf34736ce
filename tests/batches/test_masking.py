"""Targets that are not to be learned, in ids of any width."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from corpuskit.batches.masking import hide, show


@given(st.data(), st.sampled_from([np.uint16, np.uint32]))
def test_targets_are_ids_or_ignored_whatever_the_ids_are(data, dtype):
    largest = np.iinfo(dtype).max
    near = st.sampled_from([0, 1, 99, 100, largest - 101, largest - 100, largest - 99, largest])
    shape = data.draw(st_numpy.array_shapes(min_dims=1, max_dims=2, max_side=9))
    ids = data.draw(st_numpy.arrays(dtype, shape, elements=near))
    learned = data.draw(st_numpy.arrays(np.uint8, shape, elements=st.integers(0, 1)))
    expected = np.where(learned, ids.astype(np.int64), -100)
    y = show(hide(ids, learned))
    assert y.dtype == np.int64
    assert y.tolist() == expected.tolist()


@pytest.mark.parametrize("num_ids", [65436, 65437, 65536, None])
def test_ids_below_a_bound_keep_their_value(num_ids):
    ids = np.array([0, 5, (num_ids or 65536) - 1], np.uint16)
    assert show(hide(ids.copy(), np.array([1, 0, 1], np.uint8), num_ids)).tolist() == [0, -100, ids[2]]


def test_no_ids_are_no_targets():
    assert show(hide(np.empty((0, 4), np.uint16), np.empty((0, 4), np.uint8))).shape == (0, 4)
