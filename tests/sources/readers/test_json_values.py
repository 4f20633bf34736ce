"""Fields of one record."""

from __future__ import annotations

import pytest

from corpuskit.sources.readers.json_values import (
    fields_of,
    first_text,
    has,
    lookup,
    value_of,
)


def test_fields_are_found_by_their_path_or_their_own_name():
    assert fields_of(b'{"a": {"b": 1}, "c": 2}') == ["a", "a.b", "c"]
    assert fields_of(b"[1]") == fields_of(b"{") == []
    assert lookup({"a": {"b": 1}}, "a.b") == (True, 1)
    assert lookup({"a.b": 2}, "a.b") == (True, 2)
    assert lookup({"a": {}}, "a.b") == lookup({}, "a.b") == (False, None)


@pytest.mark.parametrize(
    ("record", "value"),
    [({"a": {"b": 1}}, 1), ({"a": {"b": 1}, "a.b": 2}, 2), ({"a": {}}, None), ({"a": 1}, None), ({}, None)],
)
def test_a_field_of_the_name_itself_comes_before_a_path(record, value):
    assert value_of(record, "a.b", ["a", "b"]) == value


def test_what_a_record_has_instead_is_said_with_what_was_perhaps_meant():
    assert has(["text"], {"data": {"text": 1}}) == "(it has: data; did you mean 'data.text'?)"
    found = has(["text"], {"messages": [], "texts": 1})
    hint = "conversations are read from JSON or Parquet, with --format chat"
    assert found == f"(it has: messages, texts; did you mean 'texts'?; {hint})"
    assert has(["msgs"], {"messages": []}, of_text=False) == "(it has: messages)"


def test_the_first_text_counts():
    assert first_text({"a": 1, "b": "x", "c": "y"}, ["a", "b", "c"]) == "x"
    with pytest.raises(KeyError):
        first_text({"a": 1}, ["a"])
