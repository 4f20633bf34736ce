"""Windows and spans of a stream, whoever reads them."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.batches.streamed import StreamedReader
from corpuskit.batches.windows import WindowReader
from corpuskit.value_streams import StreamInfo

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


@both
@pytest.mark.parametrize("without", [(), (1,), (0, 3), (0, 1, 2, 3)])
def test_values_are_those_of_their_places_and_the_fill_where_shards_have_none(make_split, reader, without):
    info = StreamInfo("<u2", 999, "input")
    split = make_split(
        400, shard_sizes=[110, 145, 1, 144], values={"part": (info, np.arange(400), set(without))}
    )
    values = split.stream("part")
    expected = values[:]
    assert (expected == 999).any() == bool(without)
    read = reader(values, 5)
    starts = np.array([0, 107, 108, 200, 251, 256, 395])
    assert read.gather(read.locate(starts)).tolist() == [expected[at : at + 5].tolist() for at in starts]
    lengths = np.array([3, 1, 100, 2, 80, 144, 5])
    found = read.gather_items(read.locate(starts, lengths), lengths)
    pairs = zip(starts, lengths, strict=True)
    assert found.tolist() == np.concatenate([expected[at : at + length] for at, length in pairs]).tolist()
