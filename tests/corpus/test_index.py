"""The rows of documents beside a shard."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.corpus.index import (
    ROW_BYTES,
    ends_of,
    index_file,
    new_rows,
    read_rows,
    stream_file,
    text_bytes_of,
)


def test_an_index_is_named_after_its_shard():
    assert index_file("train-00000.bin") == "train-00000.idx"


def test_a_stream_is_named_after_its_shard():
    assert stream_file("train-00000.bin", "loss") == "train-00000.loss.bin"


@given(st.lists(st.integers(0, 2**62), max_size=9), st.integers(0, 2**31))
def test_rows_come_back_from_their_file(tmp_path_factory, numbers, input_number):
    ends = np.sort(np.array(numbers, np.int64))
    made = new_rows(ends, input_number, ends // 2, ends // 3)
    path = tmp_path_factory.getbasetemp() / "some.idx"
    path.write_bytes(made.tobytes())
    assert path.stat().st_size == ROW_BYTES * len(ends)
    found = read_rows(path)
    assert ends_of(found).tolist() == ends.tolist()
    assert found[:, 1].tolist() == [input_number] * len(ends)
    assert found[:, 2].tolist() == (ends // 2).tolist()
    assert text_bytes_of(found).tolist() == (ends // 3).tolist()


def test_numbers_are_little_endian_on_every_machine():
    expected = b"".join(bytes([number]) + bytes(7) for number in (1, 2, 3, 4))
    assert new_rows(np.array([1]), 2, [3], [4]).tobytes() == expected
