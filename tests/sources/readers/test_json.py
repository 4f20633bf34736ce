"""JSON files that are one array, compared with what Python's json reads."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input, Slice
from corpuskit.sources.listing.text_files import format_of
from corpuskit.sources.readers.json import JsonReader


def read(path, *, block_bytes=None, left_out=None, **options):
    """[(text, start)] of a file's documents."""
    reader = JsonReader(options)
    if block_bytes:
        reader.block_bytes = block_bytes
    item = Input(path.name, path.stat().st_size, "", location=str(path), format="json")
    found = []
    for part in reader.slices(item, target_bytes=2**40):
        for batch in reader.read(item, part, lambda kind, start, reason: (left_out or []).append(kind)):
            found += zip(batch.texts, batch.starts, strict=True)
    return [(text.decode(), start) for text, start in found]


def test_json_files_have_a_reader_of_their_own():
    assert format_of("a.json") == format_of("a.json.gz") == "json"
    assert format_of("a.jsonl") == "jsonl"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


some_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"text": st.text(st.characters(exclude_categories=["Cs"]), min_size=1), "x": values}
        )
    ),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
    st.integers(1, 40),
)
def test_every_array_is_read_as_python_reads_it(tmp_path_factory, records, indent, ascii_only, block_bytes):
    path = tmp_path_factory.mktemp("json") / "a.json"
    data = json.dumps(records, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    path.write_bytes(data)
    found = read(path, block_bytes=block_bytes)
    assert [text for text, _ in found] == [record["text"] for record in records]
    decoder = json.JSONDecoder()
    for (_, start), record in zip(found, records, strict=True):
        assert decoder.raw_decode(data[start:].decode())[0]["text"] == record["text"]


def test_an_array_is_read_in_bounded_memory(tmp_path):
    path = tmp_path / "a.json.gz"
    record = json.dumps({"text": "x" * 1000})
    with gzip.open(path, "wt") as file:
        file.write("[" + ",\n".join([record] * 20_000) + "]")
    reader = JsonReader({})
    item = Input(path.name, path.stat().st_size, "", location=str(path), format="json")
    sizes = [sum(map(len, batch.texts)) for batch in reader.read(item, Slice(), lambda *a: None)]
    assert sum(sizes) == 20_000_000
    assert max(sizes) < 3 * 2**20


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[{"text": "a"}]', ["a"]),
        ('\ufeff \n[\n  {"text": "a"},\r\n {"text": "b"} ] \n', ["a", "b"]),
        ("[]", []),
        ("[ ]\n", []),
        ('[{"text": "a", "n": NaN, "m": 1e999, "l": 123456789012345678901234567890}]', ["a"]),
        ('[{"text": "a", "deep": ' + "[" * 5000 + "]" * 5000 + '}, {"text": "b"}]', ["a", "b"]),
        ('{"text": "a"}\n{"text": "b"}\n', ["a", "b"]),
        ('{"text": "only"}', ["only"]),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 7, None])
def test_arrays_and_lines_are_told_apart(tmp_path, text, found, block_bytes):
    path = tmp_path / "a.json"
    path.write_text(text, newline="")
    assert [one for one, _ in read(path, block_bytes=block_bytes)] == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[{"text": "a"}, {"text": ]',
            r"a.json:1: invalid JSON \(Expecting value\) in the array",
        ),
        (
            '[{"text": "a"},\n{"text": "b" "c"}]',
            r"a.json:2: invalid JSON \(Expecting ',' delimiter\) in",
        ),
        ('[{"text": "a"}', r"expected ',' or ']', found the end of the file in the array at byte 14"),
        ('[{"text": "a"', r"invalid JSON \(Expecting ',' delimiter\) in the array at byte 13"),
        ('[{"text": "a"},]', r"invalid JSON \(Expecting value\) in the array at byte 1"),
        ('[{"text": "a"} {"text": "b"}]', r"expected ',' or ']', found '{' in the array at byte 15"),
        ('[{"text": "a"}] x', r"text after the end of the array in the array at byte 16"),
        ('[{"text": "a"}, "b"]', r"a JSON string where an object is expected at byte 16"),
        ('[{"texts": "a"}]', None),
    ],
)
@pytest.mark.parametrize("block_bytes", [3, None])
def test_what_is_wrong_is_named_with_its_place(tmp_path, text, message, block_bytes):
    path = tmp_path / "a.json"
    path.write_text(text)
    if message is None:
        with pytest.raises(SourceError, match=r"no field 'text' \(it has: texts; did you mean 'texts'\?\)"):
            read(path, block_bytes=block_bytes, on_missing="error")
        return
    with pytest.raises(SourceError, match=message):
        read(path, block_bytes=block_bytes)


def test_elements_that_are_no_records_can_be_left_out(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[1, {"text": "a"}, null, {"x": 2}, {"text": ""}, {"text": "b"}]')
    left_out = ["start"]
    found = read(path, left_out=left_out, on_bad_document="skip")
    assert [text for text, _ in found] == ["a", "b"]
    assert left_out[1:] == ["invalid-json", "invalid-json", "missing-text", "empty"]


def test_an_element_that_is_too_long_is_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"text": "x" * 5000}]))
    for policy in ("error", "skip"):
        with pytest.raises(SourceError, match="more than 1,000 bytes"):
            read(path, block_bytes=100, max_document_bytes=1000, on_bad_document=policy)


def test_fields_are_those_of_the_first_record(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([3, {"id": 1, "data": {"text": "x"}}]))
    item = Input(path.name, path.stat().st_size, "", location=str(path), format="json")
    assert JsonReader({}).fields(item) == ["id", "data", "data.text"]
    assert [text for text, _ in read(path, text_field="data.text", on_bad_document="skip")] == ["x"]
