"""Spans are copied one after another, out of any stream, and nothing behind a shard is read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.batches.span_copy import Items, SpanCopy

LENGTHS = st.one_of(st.integers(0, 3), st.integers(0, 20), st.integers(0, 200))


@st.composite
def spans_of_shards(draw):
    """Shards of some sizes, and spans (begin, length) each of which lies in one of them."""
    sizes = draw(st.lists(st.integers(0, 300), min_size=1, max_size=4))
    stops = np.cumsum(sizes).tolist()
    spans = []
    for _ in range(draw(st.integers(0, 60))):
        number = draw(st.integers(0, len(sizes) - 1))
        length = min(draw(LENGTHS), sizes[number])
        begin = draw(st.integers(stops[number] - sizes[number], stops[number] - length))
        spans.append((begin, length))
    return stops, spans


@given(spans_of_shards())
def test_spans_are_those_of_each_stream_that_is_copied(drawn):
    stops, spans = drawn
    begins, lengths = np.array(spans, np.int64).reshape(-1, 2).T
    copy = SpanCopy(lengths)
    for dtype in (np.uint16, np.uint8, np.float32):
        items = np.arange(stops[-1]).astype(dtype)
        expected = [item for begin, length in spans for item in items[begin : begin + length].tolist()]
        copied = copy.copy(Items(items, np.array(stops)), begins)
        assert copied.dtype == dtype
        assert copied.tolist() == expected


@pytest.mark.parametrize("length", [1, 3, 4, 10, 16, 17, 63, 64, 65, 200])
def test_nothing_behind_a_shard_is_read(length, monkeypatch):
    sizes = (16, 64)
    read = []
    views = Items.pieces

    class Watched(np.ndarray):
        def __getitem__(self, index):
            read.append((np.asarray(index).max(initial=-1), self.dtype.itemsize))
            return np.asarray(self)[index]

    monkeypatch.setattr(Items, "pieces", lambda items, size: views(items, size).view(Watched))
    items = Items(np.arange(1000, dtype=np.uint8), np.array([500, 1000]))
    begins = np.array([500 - length, 0, 500 - length - 1])
    copied = SpanCopy(np.full(3, length)).copy(items, begins)
    assert copied.tolist() == [(b + k) % 256 for b in begins.tolist() for k in range(length)]
    for begin, size in read:
        assert size in sizes
        assert begin + size <= 500


def test_few_items_have_no_pieces():
    items = Items(np.arange(10, dtype=np.uint16), np.array([10]))
    copied = SpanCopy(np.array([5, 4])).copy(items, np.array([4, 0]))
    assert copied.tolist() == [4, 5, 6, 7, 8, 0, 1, 2, 3]
