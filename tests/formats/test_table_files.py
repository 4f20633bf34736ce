from __future__ import annotations

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.formats.table_files import write_files

pa = pytest.importorskip("pyarrow")


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), max_size=6),
    st.none() | st.integers(1, 20),
)
def test_files_are_filled_one_after_another_with_whole_rows(batches, shard_tokens):
    files = []

    @contextlib.contextmanager
    def open_file(name):
        assert name == f"{len(files)}.made"
        files.append([])
        yield files[-1]

    @contextlib.contextmanager
    def open_table(file, schema):
        yield lambda batch: file.append(batch.column(0).to_pylist())

    rows = SimpleNamespace(
        schema=None,
        batches=lambda: (
            (np.array(lengths), pa.record_batch({"n": pa.array(lengths, pa.int64())})) for lengths in batches
        ),
    )
    count = write_files(
        SimpleNamespace(file=open_file), rows, open_table, lambda n: f"{n}.made", shard_tokens
    )
    assert count == len(files)
    documents = [length for lengths in batches for length in lengths]
    expected = []
    for length in documents:
        if not expected or (shard_tokens is not None and sum(expected[-1]) + length > shard_tokens):
            expected.append([])
        expected[-1].append(length)
    assert [[length for piece in pieces for length in piece] for pieces in files] == expected


def test_a_file_that_fails_is_told_and_not_finished():
    left = []

    @contextlib.contextmanager
    def open_file(name):
        try:
            yield
        except OSError:
            left.append(name)
            raise

    @contextlib.contextmanager
    def open_table(file, schema):
        def full(batch):
            raise OSError("full")

        yield full
        left.append("closed")

    rows = SimpleNamespace(
        schema=None, batches=lambda: [(np.array([1]), pa.record_batch({"n": pa.array([1])}))]
    )
    with pytest.raises(OSError, match="full"):
        write_files(SimpleNamespace(file=open_file), rows, open_table, str, None)
    assert left == ["0"]
