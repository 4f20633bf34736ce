"""The rows of documents beside a shard."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.corpus.index import ROW_BYTES, ends_of, index_file, new_rows, read_rows


def test_an_index_is_named_after_its_shard():
    assert index_file("train-00000.bin") == "train-00000.idx"


@given(st.lists(st.integers(0, 2**62), max_size=9), st.integers(0, 2**31))
def test_rows_come_back_from_their_file(tmp_path_factory, numbers, input_number):
    ends = np.sort(np.array(numbers, np.int64))
    made = new_rows(ends, input_number, ends // 2)
    path = tmp_path_factory.getbasetemp() / "some.idx"
    path.write_bytes(made.tobytes())
    assert path.stat().st_size == ROW_BYTES * len(ends)
    found = read_rows(path)
    assert ends_of(found).tolist() == ends.tolist()
    assert found[:, 1].tolist() == [input_number] * len(ends)
    assert found[:, 2].tolist() == (ends // 2).tolist()


def test_numbers_are_little_endian_on_every_machine():
    assert new_rows(np.array([1]), 2, [3]).tobytes() == b"\1" + bytes(7) + b"\2" + bytes(7) + b"\3" + bytes(7)
