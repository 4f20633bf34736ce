"""Parquet, written by pyarrow."""

from __future__ import annotations

import errno
import os
import sys

import pyarrow as pa
import pytest
from pyarrow import parquet

from corpuskit.errors import ConfigError, SourceError, StorageError
from corpuskit.sources.base import Slice
from corpuskit.sources.readers.parquet import ParquetReader

TEXTS = [f"text {number} é日"[: number % 17] for number in range(1000)]


@pytest.fixture
def table_file(tmp_path, input_of):
    def make(columns, **options):
        path = tmp_path / "data.parquet"
        parquet.write_table(pa.table(columns), path, **options)
        return input_of(path, format="parquet")

    return make


@pytest.mark.parametrize(
    "type",
    [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string()), pa.string_view()],
)
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
def test_texts_of_every_type_are_read_in_row_groups(table_file, read_all, type, compression):
    column = pa.array(TEXTS, pa.string()).cast(type)
    item = table_file({"id": range(1000), "text": column}, row_group_size=70, compression=compression)
    reader = ParquetReader({})
    slices = reader.slices(item, target_bytes=1500)
    assert 1 < len(slices) <= 15
    assert slices[0].start == 0
    assert slices[-1].stop == 1000
    assert [s.stop for s in slices[:-1]] == [s.start for s in slices[1:]]
    assert all(s.start % 70 == 0 for s in slices)
    expected = [(text.encode(), number) for number, text in enumerate(TEXTS) if text]
    for parts in ([Slice()], slices, [Slice(0, 33), Slice(33, 500), Slice(500, 1000)]):
        result = read_all(reader, item, *parts)
        assert list(zip(result.texts, result.starts, strict=True)) == expected
        assert result.kinds == [("empty", number) for number, text in enumerate(TEXTS) if not text]


@pytest.mark.fault("T14")
def test_nulls_are_counted_or_an_error(table_file, read_all):
    item = table_file({"text": ["a", None, "b", None]})
    result = read_all(ParquetReader({}), item)
    assert (result.texts, result.starts) == ([b"a", b"b"], [0, 2])
    assert result.kinds == [("null-text", 1), ("null-text", 3)]
    with pytest.raises(
        SourceError, match=r"data.parquet: a null in row 1; repair it or use --on-missing skip"
    ):
        read_all(ParquetReader({"on_missing": "error"}), item)


def test_structs_are_led_into(table_file, read_all):
    item = table_file(
        {"page": [{"body": {"text": "a"}}, None, {"body": {"text": "b"}}], "x.y": ["c", "d", "e"]}
    )
    result = read_all(ParquetReader({"text_field": "page.body.text"}), item)
    assert (result.texts, result.kinds) == ([b"a", b"b"], [("null-text", 1)])
    assert read_all(ParquetReader({"text_field": "x.y"}), item).texts == [b"c", b"d", b"e"]


def test_broken_bytes_are_named_and_left_out(table_file, read_all):
    # The whole column is valid, but its second and third rows share a character between them.
    for column, row, within in ([b"a", b"b\xff", b"c"], 1, 1), ([b"a", b"b\xc3", b"\xa9c"], 1, 1):
        item = table_file({"text": pa.array(column, pa.binary())})
        with pytest.raises(
            SourceError, match=rf"invalid UTF-8 .* in row {row} \(byte {within} of its text\)"
        ):
            read_all(ParquetReader({}), item)
        result = read_all(ParquetReader({"on_bad_document": "skip"}), item)
        assert result.texts[0] == b"a"
        assert ("invalid-utf8", row) in result.kinds


@pytest.mark.fault("T14")
def test_a_column_that_is_missing_or_no_text_is_named(table_file, read_all):
    item = table_file({"id": [1], "content": ["a"], "page": [{"x": 1}]})
    with pytest.raises(
        SourceError, match="no column 'text'; it has: id, content, page; choose one with --text-field"
    ):
        read_all(ParquetReader({}), item)
    with pytest.raises(
        SourceError, match="column 'id' holds int64, not text; choose another with --text-field"
    ):
        read_all(ParquetReader({"text_field": "id"}), item)
    with pytest.raises(SourceError, match=r"no column 'page.text'"):
        read_all(ParquetReader({"text_field": "page.text"}), item)


def test_two_columns_of_one_name_matter_where_one_is_the_texts(tmp_path, input_of, read_all):
    path = tmp_path / "data.parquet"
    columns = [pa.array([["a", "b"]]), pa.array(["c"]), pa.array([{"text": "d"}]), pa.array([1])]
    parquet.write_table(pa.table(columns, names=["x", "text", "y", "x"]), path)
    assert read_all(ParquetReader({}), input_of(path)).texts == [b"c"]
    assert read_all(ParquetReader({"text_field": "y.text"}), input_of(path)).texts == [b"d"]
    parquet.write_table(pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), path)
    with pytest.raises(SourceError, match="data.parquet: 2 columns are named 'text'; rename all but one"):
        read_all(ParquetReader({}), input_of(path))


def test_a_column_whose_name_has_dots_is_not_the_struct_of_that_path(table_file, read_all):
    item = table_file({"x": [{"y": "struct"}], "x.y": ["flat"]})
    assert read_all(ParquetReader({"text_field": "x.y"}), item).texts == [b"flat"]


def test_a_column_inside_another_that_was_perhaps_meant_is_named(table_file, read_all):
    item = table_file({"id": [1], "page": [{"text": "a"}]})
    with pytest.raises(SourceError, match=r"with --text-field \(did you mean 'page.text'\?\)$"):
        read_all(ParquetReader({}), item)


@pytest.mark.fault("T14")
def test_a_flipped_byte_in_a_page_is_noticed(table_file, read_all, tmp_path, input_of):
    column = [f"unique text {number}" for number in range(1000)]
    table_file({"text": column}, compression="none", use_dictionary=False, write_page_checksum=True)
    path = tmp_path / "data.parquet"
    data = bytearray(path.read_bytes())
    data[data.find(b"unique text 500") + 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match="damaged Parquet in row group 0: .*CRC"):
        read_all(ParquetReader({}), input_of(path, format="parquet"))
    path.write_bytes(data[:-20])
    with pytest.raises(SourceError, match="not a Parquet file, or cut off"):
        read_all(ParquetReader({}), input_of(path, format="parquet"))


def test_an_empty_table_has_no_documents(table_file, read_all):
    item = table_file({"text": pa.array([], pa.string())})
    assert read_all(ParquetReader({}), item).texts == []


def test_a_document_that_is_too_long_names_its_row(table_file, read_all):
    item = table_file({"text": ["short", "x" * 101]})
    with pytest.raises(SourceError, match="a document of more than 100 bytes begins in row 1"):
        read_all(ParquetReader({"max_document_bytes": 100}), item)


def test_batches_of_large_texts_are_small(table_file, read_all):
    item = table_file({"text": ["x" * 100_000] * 60}, use_dictionary=False, compression="none")
    assert read_all(ParquetReader({}), item).largest_batch_bytes < 2**21


def test_another_compression_around_it_is_refused(tmp_path, input_of):
    (tmp_path / "a.parquet.gz").write_bytes(b"")
    with pytest.raises(SourceError, match=r"Parquet inside another compression .*; unpack it first"):
        ParquetReader({}).slices(input_of(tmp_path / "a.parquet.gz"), target_bytes=10)


def test_a_missing_package_is_named_with_what_to_type(table_file, monkeypatch):
    item = table_file({"text": ["a"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"run: pip install .*\[formats\]"):
        ParquetReader({}).slices(item, target_bytes=10)


@pytest.mark.fault("D13")
def test_a_read_that_fails_is_not_called_damage(table_file, read_all, monkeypatch):
    item = table_file({"text": TEXTS})

    def fail(fd, size):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    message = r"data.parquet: cannot be read: Input/output error"
    with monkeypatch.context() as patched:
        patched.setattr(os, "read", fail)
        with pytest.raises(StorageError, match=message):
            read_all(ParquetReader({}), item, Slice())
