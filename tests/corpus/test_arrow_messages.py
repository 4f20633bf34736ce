"""What messages say of their bodies, compared with what was put in them."""

from __future__ import annotations

import io

import pytest

from corpuskit.corpus.arrow_messages import is_compressed, unpacked_bytes

pa = pytest.importorskip("pyarrow")


def messages(compression, columns):
    written = io.BytesIO()
    table = pa.table(columns)
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(written, table.schema, options=options) as writer:
        writer.write_table(table)
    return [*pa.ipc.MessageReader.open_stream(pa.BufferReader(written.getvalue()))][1:]


@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_a_body_says_what_it_becomes(compression):
    (message,) = messages(compression, {"a": pa.array([0] * 10_000, pa.int64()), "b": ["x"] * 10_000})
    assert is_compressed(message) == (compression is not None)
    # Numbers, the offsets of texts, and the texts.
    assert unpacked_bytes(message) == (80_000 + 40_004 + 10_000 if compression else 0)


def test_buffers_that_do_not_get_smaller_count_as_they_are():
    (message,) = messages("zstd", {"a": pa.array([1], pa.int64())})
    assert unpacked_bytes(message) == 8


def test_dictionaries_are_looked_at_too():
    found = messages("zstd", {"a": pa.array(["x" * 1000] * 10).dictionary_encode()})
    assert [message.type for message in found] == ["dictionary", "record batch"]
    assert unpacked_bytes(found[0]) == 8 + 1000
    assert unpacked_bytes(found[1]) == 40


def test_a_batch_without_columns_has_no_body():
    (message,) = messages("zstd", {"a": pa.nulls(3)})
    assert unpacked_bytes(message) == 0
