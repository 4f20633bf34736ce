"""Fields of one record, and numbers that the fast parser rounds."""

from __future__ import annotations

from corpuskit.sources.readers.json_values import fields_of, may_be_rounded, parsed


def test_whole_numbers_that_the_parser_rounds_are_seen_wherever_they_are():
    assert may_be_rounded(parsed(b"[9223372036854775808000]"))
    assert may_be_rounded(parsed(b'{"a": {"b": [-9223372036854775809]}}'))
    assert not may_be_rounded(parsed(b'{"a": [1.5, 9223372036854775807, "9223372036854775809"]}'))


def test_the_names_of_a_records_fields_lead_into_nested_ones():
    assert fields_of(b'{"a": {"b": 1}, "c": 2}') == ["a", "a.b", "c"]
    assert fields_of(b"[1]") == fields_of(b"{") == []
