"""Windows and spans of a stream, whoever reads them."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.batches.streamed import StreamedReader
from corpuskit.batches.windows import WindowReader

both = pytest.mark.parametrize("reader", [WindowReader, StreamedReader])


@both
def test_windows_and_spans_are_those_of_the_stream(make_split, reader):
    split = make_split(100, shard_sizes=[10, 45, 1, 44])
    read = reader(split, 4)
    starts = np.array([0, 7, 52, 95])
    assert read.gather(read.locate(starts)).tolist() == [list(range(at, at + 5)) for at in starts]
    lengths = np.array([3, 1, 8, 2])
    x, y = read.gather_spans(read.locate(starts, lengths + 1), lengths)
    expected = [at + step for at, length in zip(starts, lengths, strict=True) for step in range(length)]
    assert x.tolist() == expected
    assert y.tolist() == [at + 1 for at in expected]


@both
@pytest.mark.parametrize("start", [-1, 96])
def test_a_window_that_leaves_the_stream_is_an_index_error(make_split, reader, start):
    with pytest.raises(IndexError, match="are outside a stream of 100 tokens"):
        reader(make_split(100), 4).locate(np.array([0, start]))
