"""Dictionaries of text and numbers as a pickle, for a trainer that reads nothing else. None is read here."""

from __future__ import annotations

import struct
from collections.abc import Mapping

#: What can be written: text, numbers of 32 bits, and dictionaries of them.
Value = str | int | Mapping[str, "Value"] | Mapping[int, str]


def dumps(value: Value) -> bytes:
    """A value as a pickle of protocol 2, in the order of its keys; the same value gives the same bytes."""
    return b"\x80\x02" + _encoded(value) + b"."


def _encoded(value: Value) -> bytes:
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        return b"X" + struct.pack("<I", len(data)) + data
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    items = b"".join(_encoded(key) + _encoded(item) for key, item in value.items())
    return b"}(" + items + b"u"


__all__ = ["Value", "dumps"]
