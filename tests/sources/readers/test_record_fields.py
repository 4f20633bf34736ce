"""The fields of records."""

import pytest

from corpuskit.sources.readers.record_fields import first_text, has, lookup, paths


def test_dots_lead_into_objects_and_a_name_with_dots_is_found_where_none_is_nested():
    record = {"a": {"b": 1}, "c.d": 2}
    assert lookup(record, "a.b") == (True, 1)
    assert lookup(record, "c.d") == (True, 2)
    assert lookup(record, "a.c") == (False, None)
    assert [*paths(record)] == ["a", "a.b", "c.d"]


def test_the_first_text_of_several_fields_counts():
    assert first_text({"a": 1, "b": "x", "c": "y"}, ["a", "b", "c"]) == "x"
    with pytest.raises(KeyError):
        first_text({"a": 1}, ["a"])


def test_what_a_record_has_instead_is_said_with_what_was_perhaps_meant():
    assert has(["text"], {"data": {"text": 1}}) == "(it has: data; did you mean 'data.text'?)"
