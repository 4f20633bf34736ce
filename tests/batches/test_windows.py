import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.batches.windows import WindowReader, widen
from corpuskit.value_streams import StreamInfo


def read(split, starts, block_size):
    reader = WindowReader(split, block_size + 1)
    return widen(reader.gather(reader.locate(np.asarray(starts, np.int64))))


def test_y_is_x_shifted_by_one_token(make_split):
    x, y = read(make_split(20), [0, 7, 15], 4)

    assert x.tolist() == [[0, 1, 2, 3], [7, 8, 9, 10], [15, 16, 17, 18]]
    assert y.tolist() == [[1, 2, 3, 4], [8, 9, 10, 11], [16, 17, 18, 19]]


def test_x_and_y_are_contiguous_int64_and_writable(make_split):
    split = make_split(100)
    for array in read(split, [3, 5], 8):
        assert array.dtype == np.int64
        assert array.flags.c_contiguous
        array += 1
    assert split.shard(0).tolist() == list(range(100))


@pytest.mark.parametrize(("dtype", "largest"), [(np.uint16, 2**16 - 1), (np.uint32, 2**32 - 1)])
@pytest.mark.fault("V1")
def test_the_largest_ids_keep_their_value(split_of, dtype, largest):
    tokens = np.array([0, largest // 2, largest // 2 + 1, largest, 1], dtype)

    x, y = read(split_of(tokens), [0], 4)

    assert x.tolist() == [[0, largest // 2, largest // 2 + 1, largest]]
    assert y.tolist() == [[largest // 2, largest // 2 + 1, largest, 1]]


@given(data=st.data(), sizes=st.lists(st.integers(0, 30), min_size=1, max_size=12), block=st.integers(1, 25))
@settings(max_examples=200, deadline=None)
def test_windows_do_not_know_about_shards(make_split, data, sizes, block):
    total = sum(sizes)
    if total < block + 1:
        return
    starts = data.draw(st.lists(st.integers(0, total - block - 1), max_size=20))

    x, y = read(make_split(total, np.uint32, shard_sizes=sizes), starts, block)

    expected = np.asarray(starts, np.int64)[:, None] + np.arange(block)
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(y, expected + 1)


@pytest.mark.parametrize("start", [-1, 16, 2**60])
def test_a_window_outside_the_stream_is_refused(make_split, start):
    with pytest.raises(IndexError, match="outside a stream of 20 tokens"):
        read(make_split(20), [start], 4)


def test_a_shard_without_values_takes_no_memory(make_split):
    info = StreamInfo("<f4", 1, "input")
    split = make_split(100_000, np.uint32, values={"weight": (info, np.empty(0), {0})})
    reader = WindowReader(split.stream("weight"), 8)
    assert reader.gather(reader.locate(np.array([0, 99_992]))).tolist() == [[1] * 8] * 2
    assert reader._filler.nbytes < 1000
