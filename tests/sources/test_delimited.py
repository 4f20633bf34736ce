"""CSV and TSV, written by the standard library."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import Slice
from corpuskit.sources.delimited import CsvReader, TsvReader


@pytest.fixture
def csv_file(tmp_path, input_of):
    def make(data: bytes, name: str = "data.csv"):
        path = tmp_path / name
        path.write_bytes(data)
        return input_of(path, format="csv")

    return make


@given(
    st.lists(st.text(alphabet='ab,\t"\n\ré日', max_size=12), max_size=10),
    st.sampled_from([(CsvReader, ","), (TsvReader, "\t")]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 30),
)
def test_what_the_standard_library_writes_is_read(
    tmp_path_factory, input_of, read_all, texts, kind, newline, block_bytes
):
    reader_class, delimiter = kind
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "text"])
    writer.writerows(enumerate(texts))
    path = tmp_path_factory.getbasetemp() / "property.csv"
    path.write_bytes(buffer.getvalue().encode())
    reader = reader_class({})
    reader.block_bytes = block_bytes
    item = input_of(path, format="csv")
    result = read_all(reader, item, *reader.slices(item, target_bytes=5))
    expected = [(text.encode(), row) for row, text in enumerate(texts) if text]
    assert list(zip(result.texts, result.starts, strict=True)) == expected
    assert result.kinds == [("empty", row) for row, text in enumerate(texts) if not text]


def test_short_rows_and_blank_lines_are_counted(csv_file, read_all):
    result = read_all(CsvReader({}), csv_file(b"id,text\n1,a\n2\n\n3,b\n"))
    assert (result.texts, result.starts) == ([b"a", b"b"], [0, 3])
    assert result.kinds == [("missing-text", 1), ("empty", 2)]


def test_broken_bytes_matter_in_the_text_only(csv_file, read_all):
    item = csv_file(b"id,text\n\xff,a\n1,b\xff\n2,c\n")
    with pytest.raises(SourceError, match=r"data.csv: invalid UTF-8 .* in row 1 \(byte 1 of its text\)"):
        read_all(CsvReader({}), item)
    assert read_all(CsvReader({"on_bad_document": "skip"}), item).texts == [b"a", b"c"]
    replaced = read_all(CsvReader({"invalid_utf8": "replace"}), item)
    assert replaced.texts == [b"a", "b\ufffd".encode(), b"c"]


def test_a_quote_that_is_never_closed_is_an_error(csv_file, read_all):
    with pytest.raises(SourceError, match=r"data.csv:3: broken ','-separated values: unexpected end of data"):
        read_all(CsvReader({}), csv_file(b'text\n"a"\n"b\n'))


def test_a_missing_column_or_header_is_named(csv_file, read_all):
    with pytest.raises(SourceError, match="no column 'text'; it has: id, body; choose one with --text-field"):
        read_all(CsvReader({}), csv_file(b"id,body\n1,a\n"))
    with pytest.raises(SourceError, match="empty; expected a row of column names"):
        read_all(CsvReader({}), csv_file(b""))


def test_fields_may_be_longer_than_the_libraries_own_limit(csv_file, read_all):
    item = csv_file(b"text\n" + b"x" * 200_000 + b"\n")
    assert [len(text) for text in read_all(CsvReader({}), item).texts] == [200_000]


def test_rows_can_be_read_from_some_row_on(csv_file, read_all):
    item = csv_file("\ufefftext;n\na;1\nb;2\nc;3\n".encode())
    assert read_all(CsvReader({"delimiter": ";"}), item, Slice(1, 2)).texts == [b"b"]


def test_a_delimiter_is_one_character():
    with pytest.raises(ConfigError, match="reader option delimiter: expected one character, found '::'"):
        CsvReader({"delimiter": "::"})
