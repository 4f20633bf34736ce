"""Values of JSON: the fields of records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from corpuskit.sources.readers import lenient_json as lenient
from corpuskit.sources.readers.columns import close_to, listed, of_conversations

#: How deep a record is searched for a field that was perhaps meant.
_NESTED_LEVELS = 3


def parsed(line: bytes) -> Any:
    """A line's value.

    Raises:
        lenient.DamagedJson: If it is none.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return lenient.loads(line)


def fields_of(line: bytes) -> list[str]:
    """The fields of a record, dots leading into nested ones; none, if it is no object."""
    with contextlib.suppress(lenient.DamagedJson):
        if isinstance(record := parsed(line), dict):
            return [*_paths(record)]
    return []


def lookup(record: dict[str, Any], field: str) -> tuple[bool, Any]:
    """Whether a record has a field, and its value."""
    value: Any = record
    for key in field.split("."):
        if not isinstance(value, dict) or key not in value:
            return field in record, record.get(field)
        value = value[key]
    return True, value


def value_of(record: Mapping[str, Any], name: str, path: Sequence[str]) -> Any:
    """What a record has in a field of a name, or else where a path leads; None where it has neither.

    Args:
        record: The record.
        name: The name.
        path: Its parts between dots.
    """
    if name in record:
        return record[name]
    if len(path) == 1:
        return None
    value: Any = record
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _paths(record: dict[str, Any], levels: int = _NESTED_LEVELS) -> Iterator[str]:
    """The names of a record's fields, with those of nested objects behind dots."""
    for name, value in record.items():
        yield name
        if isinstance(value, dict) and levels > 1:
            yield from (f"{name}.{inner}" for inner in _paths(value, levels - 1))


def first_text(record: dict[str, Any], fields: list[str]) -> str:
    """The text of a record that has it in one of several fields.

    Raises:
        KeyError: If it has none.
    """
    for field in fields:
        value = lookup(record, field)[1]
        if isinstance(value, str):
            return value
    raise KeyError(fields[0])


def has(fields: list[str], record: dict[str, Any], *, of_text: bool = True) -> str:
    """What a record has instead of some fields, in brackets.

    Args:
        fields: The fields.
        record: The record.
        of_text: Whether they hold text, where a conversation is of another format.
    """
    return _has_names(fields[-1], tuple(record), tuple(_paths(record)), of_text)


@lru_cache(maxsize=64)
def _has_names(field: str, names: tuple[str, ...], paths: tuple[str, ...], of_text: bool) -> str:
    hints = (close_to(field, paths), of_conversations(names) if of_text else "")
    return f"(it has: {'; '.join([listed(names), *filter(None, hints)])})"


__all__ = [
    "fields_of",
    "first_text",
    "has",
    "lookup",
    "parsed",
    "value_of",
]
