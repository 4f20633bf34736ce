"""The fields of JSON records: what they hold, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from corpuskit.sources.readers.columns import close_to, listed

#: How deep a record is searched for a field that was perhaps meant.
_NESTED_LEVELS = 3


def lookup(record: dict[str, Any], field: str) -> tuple[bool, Any]:
    """Whether a record has a field, and its value."""
    value: Any = record
    for key in field.split("."):
        if not isinstance(value, dict) or key not in value:
            return field in record, record.get(field)
        value = value[key]
    return True, value


def paths(record: dict[str, Any], levels: int = _NESTED_LEVELS) -> Iterator[str]:
    """The names of a record's fields, with those of nested objects behind dots."""
    for name, value in record.items():
        yield name
        if isinstance(value, dict) and levels > 1:
            yield from (f"{name}.{inner}" for inner in paths(value, levels - 1))


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


def has(fields: list[str], record: dict[str, Any]) -> str:
    """What a record has instead of some fields, in brackets."""
    return _has_names(fields[-1], tuple(record), tuple(paths(record)))


@lru_cache(maxsize=64)
def _has_names(field: str, names: tuple[str, ...], paths: tuple[str, ...]) -> str:
    close = close_to(field, paths)
    return f"(it has: {listed(names)}{f'; {close}' if close else ''})"


__all__ = ["first_text", "has", "lookup", "paths"]
