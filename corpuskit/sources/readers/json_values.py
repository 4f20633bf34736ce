"""Values of JSON as parsers give them, and numbers that the fast one rounds."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from corpuskit.sources.readers import lenient_json as lenient
from corpuskit.sources.readers.record_fields import paths

#: The parser makes floats of whole numbers from here on.
_LEAST_ROUNDED = 2.0**63
#: The types of values that may be or hold such a number.
ROUNDED_IN = frozenset({float, dict, list})
#: What stands before a value, but for the first of all.
_BEFORE_VALUES = (b"[", b"{", b",")
_BEFORE_BYTES = np.frombuffer(b"".join(_BEFORE_VALUES), np.uint8)

#: A line up to this takes little memory, whatever it holds. A longer one may have so many values: each takes
#: some 60 bytes of memory, and may take two in the file.
_SMALL_BYTES, MAX_VALUES = 16 * 2**20, 8_000_000


def may_be_rounded(value: Any) -> bool:
    """Whether a value is, or holds, a number that was perhaps a whole one of more than 64 bits."""
    if isinstance(value, float):
        return abs(value) >= _LEAST_ROUNDED
    if isinstance(value, dict):
        return any(map(may_be_rounded, value.values()))
    return isinstance(value, list) and any(map(may_be_rounded, value))


def parsed(line: bytes) -> Any:
    """A line's value.

    Raises:
        lenient.DamagedJson: If it is none.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return lenient.loads(line, numbers=True)


def fields_of(line: bytes) -> list[str]:
    """The fields of a record, dots leading into nested ones; none, if it is no object."""
    with contextlib.suppress(lenient.DamagedJson):
        if isinstance(record := parsed(line), dict):
            return [*paths(record)]
    return []


def some_holds_too_much(lines: Sequence[bytes]) -> bool:
    """Whether a line of some has so many values that memory is not for them."""
    return max(map(len, lines), default=0) > _SMALL_BYTES and any(map(_holds_too_much, lines))


def _holds_too_much(line: bytes) -> bool:
    """Whether a line has so many values that they would take many times its own size in memory."""
    if len(line) <= _SMALL_BYTES or sum(map(line.count, _BEFORE_VALUES)) <= MAX_VALUES:
        return False
    # Of the same length, and each quotation mark left begins or ends a text.
    plain = line.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    found = quotes = 0
    for start in range(0, len(plain), _SMALL_BYTES):
        piece = np.frombuffer(plain, np.uint8, min(_SMALL_BYTES, len(plain) - start), start)
        seen = quotes + np.cumsum(piece == ord('"'))
        found += np.count_nonzero(np.isin(piece, _BEFORE_BYTES) & (seen % 2 == 0))
        quotes = int(seen[-1])
    return found > MAX_VALUES


__all__ = ["MAX_VALUES", "ROUNDED_IN", "fields_of", "may_be_rounded", "parsed", "some_holds_too_much"]
