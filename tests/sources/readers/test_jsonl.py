"""JSON Lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.readers.jsonl import JsonlReader


@pytest.fixture
def lines_file(tmp_path, input_of):
    def make(*lines: bytes, end: bytes = b"\n"):
        path = tmp_path / "data.jsonl"
        path.write_bytes(b"\n".join(lines) + end)
        return input_of(path, format="jsonl")

    return make


@given(
    st.lists(st.fixed_dictionaries({"text": st.text(max_size=30), "id": st.integers()}), max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
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
    expected = [json.loads(line)["text"] for line in data.splitlines()]
    assert [text.decode() for text in result.texts] == [text for text in expected if text]
    for text, start in zip(result.texts, result.starts, strict=True):
        assert start == 0 or data.encode()[start - 1 : start] in b"\r\n"
        assert json.loads(data.encode()[start:].splitlines()[0])["text"].encode() == text


BROKEN = [
    (b'{"text": "a"', r"invalid JSON \(.*\) at byte 28;"),
    (b'{"text": "a"} {"text": "b"}', r"invalid JSON \(.*\) at byte \d\d;"),
    (
        b'{"text": "\\ud800"}',
        r"a lone surrogate \(\\ud800, half a character\) in the text of the record at byte",
    ),
    (b'{"text": "\xff"}', r"invalid UTF-8 \(0xff, invalid start byte\) at byte 26;"),
    (b"[1, 2]", "a JSON array where an object is expected at byte 16;"),
    (b"3", "a JSON number where an object is expected at byte 16;"),
    (b"2.5", "a JSON number where an object is expected at byte 16;"),
    (b"true", "a JSON true or false where an object is expected at byte 16;"),
    (b"null", "a JSON null where an object is expected at byte 16;"),
    (b'"text"', "a JSON string where an object is expected at byte 16;"),
    (b'{"text": NaN}', "field 'text' is float, not text, in the record at byte 16;"),
    (b'{"text": 5}', "field 'text' is int, not text, in the record at byte 16;"),
    (b'{"text": ["a"]}', "field 'text' is list, not text, in the record at byte 16;"),
    (b"[" * 100_000, r"invalid JSON \(.*"),
    (b'{"text": ' + b"1" * 5000 + b"}", "field 'text' is int, not text, in the record at byte 16;"),
    (b'{"text": "b", "n": NaN', r"invalid JSON \(.*\) at byte 39;"),
    (b'{"text": "b"},', r"invalid JSON \(.*\) at byte 30;"),
]


@pytest.mark.parametrize(("line", "message"), BROKEN)
@pytest.mark.fault("T5", "T15")
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


#: What a fast parser refuses: valid JSON, or what Python and others write for it.
UNREAD = [
    b"9" * 310,
    b"-" + b"9" * 5000,
    b"1" * 5000 + b".5e1",
    b"1e400",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b'"\\ud800"',
    b'"\\udfff \\ud83d\\ude00"',
    b'"caf\xe9"',
    b'"\xed\xa0\x80"',
    b'"a\tb\x01"',
    b"[" * 1100 + b"]" * 1100,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b'[NaN, {"\\ud800": 1e999}]',
]


@pytest.mark.parametrize("value", UNREAD, ids=lambda value: repr(value[:12]))
@pytest.mark.parametrize("line", [b'{"other": %s, "text": "b"}', b'{"text": "b", "other": %s}'])
def test_what_another_field_holds_decides_nothing(lines_file, read_all, value, line):
    item = lines_file(b'{"text": "a"}', line % value, b'{"text": "c"}')
    result = read_all(JsonlReader({}), item)
    assert (result.texts, result.bad) == ([b"a", b"b", b"c"], [])
    nested = lines_file(b'{"in": ' + line % value + b"}")
    assert read_all(JsonlReader({"text_field": "in.text"}), nested).texts == [b"b"]


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (b"\\ud800", "\ufffd"),
        (b"a\\udc00b", "a\ufffdb"),
        (b"\\ud83d\\ud83d\\ude00", "\ufffd\U0001f600"),
        (b"\\ude00\\ud83d", "\ufffd\ufffd"),
        (b"\\udcff\xff", "\ufffd\ufffd"),
        (b"\\udcff", "\ufffd"),
        (b"\xe2\x82 \\ud800", "\ufffd \ufffd"),
        (b"\xe2\x82", "\ufffd"),
    ],
)
def test_half_a_character_in_the_text_is_an_error_or_replaced(lines_file, read_all, text, repaired):
    item = lines_file(b'{"text": "a"}', b'{"text": "' + text + b'", "n": 1}')
    with pytest.raises(
        SourceError, match=r"repair it or use --invalid-utf8 replace or --on-bad-document skip"
    ):
        read_all(JsonlReader({}), item)
    result = read_all(JsonlReader({"invalid_utf8": "replace"}), item)
    assert (result.texts, result.kinds) == ([b"a", repaired.encode()], [("invalid-utf8", 14)])
    result = read_all(JsonlReader({"on_bad_document": "skip"}), item)
    assert (result.texts, result.kinds) == ([b"a"], [("invalid-utf8", 14)])


def test_two_escapes_of_a_pair_are_one_character(lines_file, read_all):
    item = lines_file(b'{"text": "\\ud83d\\ude00"}', b'{"n": NaN, "text": "\\uD83D\\uDE00"}')
    assert read_all(JsonlReader({}), item).texts == ["\U0001f600".encode()] * 2


def test_the_last_of_two_fields_of_one_name_counts(lines_file, read_all):
    item = lines_file(b'{"text": "a", "text": "b"}', b'{"text": "a", "n": NaN, "text": "b"}')
    assert read_all(JsonlReader({}), item).texts == [b"b", b"b"]


def test_control_characters_in_a_string_are_text(lines_file, read_all):
    assert read_all(JsonlReader({}), lines_file(b'{"text": "a\tb\r\x00"}')).texts == [b"a\tb\r\x00"]


def test_a_byte_order_mark_where_files_were_joined_is_left_out(lines_file, read_all):
    item = lines_file(b'\xef\xbb\xbf{"text": "a"}', b'\xef\xbb\xbf{"text": "b"}')
    assert read_all(JsonlReader({}), item).texts == [b"a", b"b"]


def test_a_carriage_return_ends_a_record_and_is_white_space_in_one(lines_file, read_all):
    lines = [b'{"text": "a"}\r{"text": "b"}\r', b'{\r"text":\r"c"\r}\r\r', b'{"text": "d"}\r\r{"text": "e"}']
    result = read_all(JsonlReader({}), lines_file(*lines))
    assert (result.texts, result.kinds) == ([b"a", b"b", b"c", b"d", b"e"], [("empty", 61)])
    assert result.starts == [0, 14, 29, 47, 62]


ARRAYS = [
    b'[{"text": "a"}, {"text": "b"}]',
    b'[{"text": "a"},\n {"text": "b"}]\n',
    b'[\n{"text": "a"},\n{"text": "b"}\n]\n',
    b'\xef\xbb\xbf[\r\n  {\r\n    "text": "a"\r\n  }\r\n]\r\n',
    b'[\r{"text": "a"},\r{"text": "b"}\r]\r',
    b'\n [\n{"text": "a"}\n,\n{"text": "b"}\n]\n',
    b'["a", "b"]\n',
    b"[]",
    b'[{"text": "a"},\n{"text":',
]
OBJECTS = [
    b'{\n  "text": "a",\n  "n": 1\n}\n',
    b'{"text": "a",\n "n": 1}\n',
    b'{\r\n"text": "a"\r\n}\r\n{\r\n"text": "b"\r\n}',
    b'{\r "text": "a"\r}\r{\r "text": "b"\r}\r',
    b'{\n  "data": [\n' + b'{"text": "b"},\n' * 100_000,
]


@pytest.mark.parametrize("data", ARRAYS + OBJECTS, ids=lambda data: repr(data[:30]))
@pytest.mark.parametrize("on_bad_document", ["error", "skip"])
@pytest.mark.parametrize("max_document_bytes", [2**20, 10])
def test_json_that_is_no_json_lines_is_said_to_be_that(
    tmp_path, input_of, read_all, data, on_bad_document, max_document_bytes
):
    (tmp_path / "data.jsonl").write_bytes(data)
    item = input_of(tmp_path / "data.jsonl", format="jsonl")
    reader = JsonlReader({"on_bad_document": on_bad_document, "max_document_bytes": max_document_bytes})
    what = r"one JSON array,.* jq -c '\.\[\]'$" if data in ARRAYS else r"a JSON object on several.* jq -c \.$"
    if max_document_bytes > 10 or len(max(data.split(b"\n"), key=len)) > 10:
        for part in reader.slices(item, target_bytes=len(data) // 3 + 1)[:1]:
            with pytest.raises(SourceError, match=f"^data.jsonl: {what}"):
                read_all(reader, item, part)


def test_arrays_on_lines_of_their_own_are_bad_documents(lines_file, read_all):
    item = lines_file(b"[1, 2]", b'["a"]', b'{"text": "b"}')
    with pytest.raises(
        SourceError, match=r"data.jsonl:1: a JSON array where an object is expected at byte 0;"
    ):
        read_all(JsonlReader({}), item)
    result = read_all(JsonlReader({"on_bad_document": "skip"}), item)
    assert (result.texts, result.kinds) == ([b"b"], [("invalid-json", 0), ("invalid-json", 7)])


def test_a_damaged_first_record_does_not_make_the_file_another_kind(lines_file, read_all):
    item = lines_file(b'{"text": "a"', b'{"text": "b"}', b"{", b'{"text": "c"}')
    assert read_all(JsonlReader({"on_bad_document": "skip"}), item).texts == [b"b", b"c"]


def test_a_field_that_was_perhaps_meant_is_named(lines_file, read_all):
    item = lines_file(b'{"id": 1, "doc": {"meta": {"text": "a"}}}')
    with pytest.raises(
        SourceError, match=r"\(it has: id, doc; did you mean 'doc.meta.text'\?\) in the record"
    ):
        read_all(JsonlReader({"on_missing": "error"}), item)


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
    with pytest.raises(ConfigError, match="--text-field '': expected a field's name"):
        JsonlReader({"text_field": ""})
