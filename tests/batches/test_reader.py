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
    read = reader(split, 5)
    starts = np.array([0, 7, 52, 95])
    assert read.gather(read.locate(starts)).tolist() == [list(range(at, at + 5)) for at in starts]
    lengths = np.array([3, 1, 8, 2])
    items, after = read.gather_spans(read.locate(starts, lengths + 1), lengths)
    expected = [at + step for at, length in zip(starts, lengths, strict=True) for step in range(length)]
    assert items.tolist() == expected
    assert after.tolist() == (starts + lengths).tolist()
    to_the_end = np.append(starts, 90), np.append(lengths, 10)
    assert read.gather_items(read.locate(*to_the_end), to_the_end[1]).tolist() == [*expected, *range(90, 100)]


@both
@pytest.mark.parametrize("start", [-1, 96])
def test_a_window_that_leaves_the_stream_is_an_index_error(make_split, reader, start):
    with pytest.raises(IndexError, match="are outside a stream of 100 tokens"):
        reader(make_split(100), 5).locate(np.array([0, start]))
