"""Fields of one record, and numbers that the fast parser rounds."""

from __future__ import annotations

import pytest

from corpuskit.sources.readers.json_values import fields_of, first_text, lookup, may_be_rounded, parsed


def test_whole_numbers_that_the_parser_rounds_are_seen_wherever_they_are():
    assert may_be_rounded(parsed(b"[9223372036854775808000]"))
    assert may_be_rounded(parsed(b'{"a": {"b": [-9223372036854775809]}}'))
    assert not may_be_rounded(parsed(b'{"a": [1.5, 9223372036854775807, "9223372036854775809"]}'))


def test_fields_are_found_by_their_path_or_their_own_name():
    assert fields_of(b'{"a": {"b": 1}, "c": 2}') == ["a", "a.b", "c"]
    assert fields_of(b"[1]") == fields_of(b"{") == []
    assert lookup({"a": {"b": 1}}, "a.b") == (True, 1)
    assert lookup({"a.b": 2}, "a.b") == (True, 2)
    assert lookup({}, "a.b") == (False, None)


def test_the_first_text_counts():
    assert first_text({"a": 1, "b": "x", "c": "y"}, ["a", "b", "c"]) == "x"
    with pytest.raises(KeyError):
        first_text({"a": 1}, ["a"])
