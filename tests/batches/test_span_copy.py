"""Spans are copied one after another, out of any stream."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

from corpuskit.batches.span_copy import PIECE, SpanCopy


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200)), max_size=8))
def test_spans_are_those_of_each_stream_that_is_copied(spans):
    begins, lengths = np.array(spans, np.int64).reshape(-1, 2).T
    copy = SpanCopy(lengths)
    for dtype in (np.uint16, np.uint8, np.float32):
        items = np.arange(500).astype(dtype)
        runs = as_strided(items, (len(items) - PIECE + 1, PIECE), (items.itemsize,) * 2)
        pieces = runs.view(f"V{PIECE * items.itemsize}")[:, 0]
        expected = [item for begin, length in spans for item in items[begin : begin + length].tolist()]
        assert copy.copy(items, pieces, begins).tolist() == expected
        begins = begins + 1
        spans = [(begin + 1, length) for begin, length in spans]


def test_few_items_have_no_pieces():
    items = np.arange(10, dtype=np.uint16)
    copied = SpanCopy(np.array([3, 2])).copy(items, None, np.array([4, 0]))
    assert copied.tolist() == [4, 5, 6, 0, 1]
