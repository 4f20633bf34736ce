"""CSV and TSV, written by the standard library."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import Slice
from corpuskit.sources.readers.csv import CsvReader, TsvReader


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
    st.sampled_from(["\n", "\r\n", "\r"]),
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


@pytest.mark.fault("T7")
def test_short_rows_and_blank_lines_are_counted(csv_file, read_all):
    result = read_all(CsvReader({}), csv_file(b"id,text\n1,a\n2\n\n3,b\n"))
    assert (result.texts, result.starts) == ([b"a", b"b"], [0, 3])
    assert result.kinds == [("missing-text", 1), ("empty", 2)]


MISSHAPEN = [
    ("id,text", "1,Hello, world", "3 fields under 2 column names (a field with ',' in it needs quotes)"),
    ("text,id", "Hello, world,1", "3 fields under 2 column names (a field with ',' in it needs quotes)"),
    ("id,text,n", "1,Hello, world,2", "4 fields under 3 column names (a field with ',' in it needs quotes)"),
    ("text", "Hello, world", "2 fields under 1 column name (a field with ',' in it needs quotes)"),
    ("id,text", "1,Hello,", "3 fields under 2 column names (a field with ',' in it needs quotes)"),
    ("id,text,", "1,Hello, world", "3 fields under 2 column names (a field with ',' in it needs quotes)"),
    ("id,text,", "1,Hello,,", "4 fields under 2 column names (a field with ',' in it needs quotes)"),
    ("text,id", "Hello", "1 field under 2 column names (a field with a line end in it needs quotes)"),
    ("id,text,n", "1,Hello", "2 fields under 3 column names (a field with a line end in it needs quotes)"),
]


@pytest.mark.parametrize(("header", "row", "message"), MISSHAPEN)
@pytest.mark.parametrize(("reader_class", "delimiter"), [(CsvReader, ","), (TsvReader, "\t")])
def test_a_row_that_contradicts_the_header_is_never_cut(
    csv_file, read_all, header, row, message, reader_class, delimiter
):
    good = ",".join("good" for name in header.split(",") if name)
    data = "\n".join([header, good, row, good, ""]).replace(",", delimiter)
    item = csv_file(data.encode())
    message = message.replace("','", repr(delimiter))
    with pytest.raises(SourceError, match=f"^{re.escape(f'data.csv: {message} in row 1; repair it or use')}"):
        read_all(reader_class({}), item)
    result = read_all(reader_class({"on_bad_document": "skip"}), item)
    assert (result.texts, result.starts) == ([b"good", b"good"], [0, 2])
    assert result.kinds == [("wrong-field-count", 1)]


@given(
    st.lists(st.lists(st.text("ab ", max_size=3), min_size=1, max_size=5), max_size=8),
    st.integers(1, 4),
    st.data(),
)
def test_only_rows_of_the_headers_shape_give_text(
    tmp_path_factory, input_of, read_all, rows, num_columns, data
):
    column = data.draw(st.integers(0, num_columns - 1))
    header = ["text" if number == column else f"c{number}" for number in range(num_columns)]
    path = tmp_path_factory.getbasetemp() / "shapes.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    reader = CsvReader({"on_bad_document": "skip"})
    result = read_all(reader, input_of(path, format="csv"))
    right = [(row[column].encode(), n) for n, row in enumerate(rows) if len(row) == num_columns]
    assert list(zip(result.texts, result.starts, strict=True)) == [found for found in right if found[0]]
    assert len(result.texts) + len(result.bad) == len(rows)


def test_empty_names_at_the_end_of_the_header_are_no_columns(csv_file, read_all):
    item = csv_file(b"id,text,,\n1,a\n2,b,\n3,c,,\n")
    assert read_all(CsvReader({}), item).texts == [b"a", b"b", b"c"]
    assert read_all(CsvReader({}), csv_file(b",text\n1,a\n")).texts == [b"a"]


def test_blank_lines_before_the_header_are_no_header(csv_file, read_all):
    assert read_all(CsvReader({}), csv_file(b"\n\r\nid,text\n1,a\n")).texts == [b"a"]


def test_the_texts_column_is_named_once_and_others_as_they_like(csv_file, read_all):
    with pytest.raises(SourceError, match=r"data.csv: 2 columns are named 'text'; rename all but one"):
        read_all(CsvReader({"on_bad_document": "skip"}), csv_file(b"text,id,text\na,1,b\n"))
    assert read_all(CsvReader({}), csv_file(b"x,text,x\n1,a,2\n")).texts == [b"a"]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("block_bytes", [1, 2, 3, 100])
def test_line_ends_mean_the_same_and_are_text_in_quotes(csv_file, read_all, newline, block_bytes):
    lines = [b"id,text", b"1,a", b'2,"b\rc\nd\r\ne"', b"", b"3,f"]
    for data in (newline.join(lines), newline.join([*lines, b""])):
        reader = CsvReader({})
        reader.block_bytes = block_bytes
        result = read_all(reader, csv_file(data))
        assert (result.texts, result.starts) == ([b"a", b"b\rc\nd\r\ne", b"f"], [0, 1, 3])
        assert result.kinds == [("empty", 2)]


@pytest.mark.parametrize(
    ("reader_class", "header", "remedy"),
    [
        (CsvReader, "id;text", r"looks like ';' and is ',': use --reader-option 'delimiter=;'"),
        (CsvReader, '"id";"body"', r"looks like ';' and is ',': use --reader-option 'delimiter=;'"),
        (CsvReader, "id|text|n,m", r"looks like '\|' and is ',': use --reader-option 'delimiter=\|'"),
        (CsvReader, "id\ttext", r"looks like '\\t' and is ',': use --format tsv"),
        (TsvReader, "id,text", r"looks like ',' and is '\\t': use --format csv"),
    ],
)
def test_a_header_with_another_delimiter_is_said_to_have_it(csv_file, read_all, reader_class, header, remedy):
    with pytest.raises(
        SourceError, match=rf"^data.csv: no column 'text' in the header .*; the delimiter {remedy}$"
    ):
        read_all(reader_class({}), csv_file(header.encode() + b"\n"))


def test_a_column_that_was_perhaps_meant_is_named(csv_file, read_all):
    with pytest.raises(SourceError, match=r"choose one with --text-field \(did you mean ' Text'\?\)$"):
        read_all(CsvReader({}), csv_file(b"id, Text\n"))


@pytest.mark.parametrize(
    "row",
    [b"1," + b"x" * 200, b'1,"' + b"x\n" * 100 + b'"', b"x" * 200 + b",1", b'1,"' + b"x\r" * 100 + b'"'],
)
def test_a_row_that_is_too_long_is_named(csv_file, read_all, row, monkeypatch):
    limit = csv.field_size_limit(100)
    monkeypatch.setattr(csv, "field_size_limit", lambda *size: 0)
    try:
        item = csv_file(b"id,text\n1,a\n" + row + b"\n")
        for block_bytes in (7, 2**20):
            reader = CsvReader({"max_document_bytes": 100})
            reader.block_bytes = block_bytes
            with pytest.raises(
                SourceError,
                match=r"data.csv: more than 100 bytes in row 1; .* --reader-option max_document_bytes=200$",
            ):
                read_all(reader, item)
    finally:
        monkeypatch.undo()
        csv.field_size_limit(limit)


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


def test_a_column_needs_a_name():
    with pytest.raises(ConfigError, match="--text-field '': expected a column's name"):
        CsvReader({"text_field": ""})


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_first_line_that_says_the_delimiter_is_no_header(csv_file, read_all, line, newline):
    item = csv_file(newline.join([line, "id;text", "1;a,b", "2;c", ""]).encode())
    reader = CsvReader({"delimiter": ";"})
    result = read_all(reader, item)
    assert (result.texts, result.starts, result.kinds) == ([b"a,b", b"c"], [0, 1], [])
    assert reader.fields(item) == ["id", "text"]
    message = "data.csv: its first line says that the delimiter is ';', and it is ',': "
    with pytest.raises(SourceError, match=f"{message}use --reader-option 'delimiter=;'"):
        read_all(CsvReader({}), item)


def test_a_first_line_that_says_tabs_or_commas_names_the_format(csv_file, read_all):
    with pytest.raises(SourceError, match=r"says that the delimiter is '\\t', .*: use --format tsv$"):
        read_all(CsvReader({}), csv_file(b"sep=\t\nid\ttext\n1\ta\n"))
    assert read_all(CsvReader({}), csv_file(b"sep=,\nid,text\n1,a\n")).texts == [b"a"]
    assert read_all(CsvReader({"text_field": "sep="}), csv_file(b"sep=,id\na,1\n")).texts == [b"a"]


def test_a_broken_row_has_the_number_of_its_line_after_a_line_that_says_the_delimiter(csv_file, read_all):
    with pytest.raises(SourceError, match=r"data\.csv:4: broken"):
        read_all(CsvReader({}), csv_file(b'sep=,\nid,text\n1,a\n2,"b"c\n'))


def test_the_name_of_a_column_with_white_space_can_be_copied_from_the_error(csv_file, read_all):
    item = csv_file(b"id, text\n1,a\n")
    with pytest.raises(SourceError, match=r"it has: id, ' text'; .*did you mean ' text'\?") as error:
        read_all(CsvReader({}), item)
    name = re.search(r"'( text)';", str(error.value))[1]
    assert read_all(CsvReader({"text_field": name}), item).texts == [b"a"]
