"""JSON Lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.jsonl import JsonlReader


@pytest.fixture
def lines_file(tmp_path, input_of):
    def make(*lines: bytes, end: bytes = b"\n"):
        path = tmp_path / "data.jsonl"
        path.write_bytes(b"\n".join(lines) + end)
        return input_of(path, format="jsonl")

    return make


@given(
    st.lists(st.fixed_dictionaries({"text": st.text(max_size=30), "id": st.integers()}), max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.integers(1, 100),
    st.integers(1, 80),
)
def test_any_slicing_gives_what_the_standard_library_reads(
    tmp_path_factory, input_of, read_all, records, newline, ends, target_bytes, block_bytes
):
    path = tmp_path_factory.getbasetemp() / "property.jsonl"
    data = newline.join(json.dumps(record) for record in records) + (newline if ends and records else "")
    path.write_bytes(data.encode())
    item = input_of(path, format="jsonl")
    reader = JsonlReader({})
    reader.block_bytes = block_bytes
    result = read_all(reader, item, *reader.slices(item, target_bytes=target_bytes))
    expected = [json.loads(line)["text"] for line in data.split("\n") if line.strip()]
    assert [text.decode() for text in result.texts] == [text for text in expected if text]
    for text, start in zip(result.texts, result.starts, strict=True):
        assert start == 0 or data.encode()[start - 1 : start] == b"\n"
        assert json.loads(data.encode()[start:].split(b"\n")[0])["text"].encode() == text


BROKEN = [
    (b'{"text": "a"', r"invalid JSON \(.*\) at byte 28;"),
    (b'{"text": "a"} {"text": "b"}', r"invalid JSON \(.*\) at byte \d\d;"),
    (b'{"text": "\\ud800"}', r"invalid JSON \(.*surrogate.*\) at byte"),
    (b'{"text": "\xff"}', r"invalid UTF-8 \(0xff, invalid start byte\) at byte 26;"),
    (b"[1, 2]", "a JSON list where an object is expected at byte 16;"),
    (b'"text"', "a JSON str where an object is expected at byte 16;"),
    (b'{"text": NaN}', r"invalid JSON"),
    (b'{"text": 5}', "field 'text' is int, not text, in the record at byte 16;"),
    (b'{"text": ["a"]}', "field 'text' is list, not text, in the record at byte 16;"),
    (b"[" * 100_000, r"invalid JSON \(.*"),
    (b'{"text": ' + b"1" * 5000 + b"}", r"invalid JSON|is float|is int"),
]


@pytest.mark.parametrize(("line", "message"), BROKEN)
def test_a_broken_record_is_named_or_left_out(lines_file, read_all, line, message):
    item = lines_file(b'{"text": "fine"}'[:-1] + b"}", line, b'{"text": "too"}', end=b"")
    item_start = 17
    message = message.replace("at byte 16;", f"at byte {item_start};")
    if r"at byte 28;" in message or "at byte 26" in message:
        message = message.replace("28", str(item_start + 12)).replace("26", str(item_start + 10))
    with pytest.raises(SourceError, match=rf"^data.jsonl:2: {message}"):
        read_all(JsonlReader({}), item)
    result = read_all(JsonlReader({"on_bad_document": "skip"}), item)
    assert (result.texts, result.starts) == ([b"fine", b"too"], [0, item_start + len(line) + 1])
    assert [start for _, start in result.kinds] == [item_start]


def test_missing_null_and_empty_texts_are_counted_by_kind(lines_file, read_all):
    item = lines_file(
        b'{"text": "a"}', b'{"id": 1}', b'{"text": null}', b"", b" \r", b'{"text": ""}', b'{"text": "b"}'
    )
    result = read_all(JsonlReader({}), item)
    assert (result.texts, result.starts) == ([b"a", b"b"], [0, 56])
    assert [kind for kind, _ in result.kinds] == ["missing-text", "null-text", "empty", "empty", "empty"]
    with pytest.raises(
        SourceError,
        match=r"data.jsonl:2: no field 'text' \(it has: id\) in the record at byte 14; .*--on-missing skip",
    ):
        read_all(JsonlReader({"on_missing": "error"}), item)


def test_a_field_that_no_record_has_is_an_error_even_where_missing_ones_are_left_out(lines_file, read_all):
    item = lines_file(*[b'{"content": "a", "id": 1}'] * 100)
    with pytest.raises(
        SourceError,
        match=r"none of the first 100 records has a field 'text' \(it has: content, id\); choose one with",
    ):
        read_all(JsonlReader({}), item)
    assert len(read_all(JsonlReader({"text_field": "content"}), item).texts) == 100


def test_dots_lead_into_objects_and_names_with_dots_are_found(lines_file, read_all):
    item = lines_file(b'{"a": {"b": "nested"}}', b'{"a.b": "literal"}', b'{"a": 3, "a.b": "both"}')
    result = read_all(JsonlReader({"text_field": "a.b"}), item)
    assert result.texts == [b"nested", b"literal", b"both"]


def test_broken_bytes_can_be_replaced(lines_file, read_all):
    result = read_all(JsonlReader({"invalid_utf8": "replace"}), lines_file(b'{"text": "a\xffb"}'))
    assert result.texts == ["a\ufffdb".encode()]
    assert result.kinds == [("invalid-utf8", 0)]


def test_a_record_over_two_lines_is_not_one(lines_file, read_all):
    with pytest.raises(SourceError, match=r"data.jsonl:1: invalid JSON"):
        read_all(JsonlReader({}), lines_file(b'{"text": "a"', b'"id": 1}'))


def test_one_long_document_is_read_whole(lines_file, read_all):
    text = "é" * 2_500_000
    item = lines_file(
        b'{"text": "before"}', json.dumps({"text": text}, ensure_ascii=False).encode(), b'{"text": "x"}'
    )
    result = read_all(JsonlReader({}), item)
    assert [len(t) for t in result.texts] == [6, 5_000_000, 1]
    assert result.texts[1].decode() == text


def test_a_field_needs_a_name():
    with pytest.raises(ConfigError, match="reader option text_field: expected a field's name, found ''"):
        JsonlReader({"text_field": ""})
