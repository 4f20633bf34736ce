"""What Arrow's messages say of their bodies before these are read, which pyarrow tells nobody.

A message's description is a FlatBuffers table, which Arrow has checked when it gives the message. A table
begins with how far before it its list of offsets is; a field's place in that list is part of the format.
"""

from __future__ import annotations

from typing import Any

#: Places of fields: a message's header, a dictionary's data, a record batch's buffers and its compression.
_HEADER, _DATA, _BUFFERS, _COMPRESSION = 2, 1, 2, 3
_BUFFER_BYTES = 16
#: What a compressed body has before each buffer: its size, or -1 if that one is not compressed.
_SIZE_BYTES = 8


def is_compressed(message: Any) -> bool:
    """Whether the body of a record batch or of a dictionary is compressed.

    Args:
        message: A `pyarrow.ipc.Message`.
    """
    data = memoryview(message.metadata)
    return _field(data, _record_batch(data, message.type), _COMPRESSION) != 0


def unpacked_bytes(message: Any) -> int:
    """How many bytes a compressed body says that it becomes; 0 of one that is not compressed.

    Args:
        message: A `pyarrow.ipc.Message`, a record batch or a dictionary.
    """
    if not is_compressed(message):
        return 0
    data, body = memoryview(message.metadata), memoryview(message.body)
    table = _record_batch(data, message.type)
    if not (place := _field(data, table, _BUFFERS)):
        return 0
    buffers = table + place + _number(data, table + place, 4)
    total = 0
    for at in range(buffers + 4, buffers + 4 + _number(data, buffers, 4) * _BUFFER_BYTES, _BUFFER_BYTES):
        start, size = (_number(data, at + part, 8, signed=True) for part in (0, 8))
        if size >= _SIZE_BYTES and start >= 0:
            said = int.from_bytes(body[start : start + _SIZE_BYTES], "little", signed=True)
            total += size if said < 0 else said
    return total


def _record_batch(data: memoryview, type: str) -> int:
    """Where the table of a message's record batch begins."""
    table = _table(data, _number(data, 0, 4), _HEADER)
    return _table(data, table, _DATA) if type == "dictionary" else table


def _table(data: memoryview, table: int, place: int) -> int:
    """Where the table begins that a field of another table is."""
    at = table + _field(data, table, place)
    return at + _number(data, at, 4)


def _field(data: memoryview, table: int, place: int) -> int:
    """How far behind a table's beginning a field is; 0 if it is not there."""
    offsets = table - _number(data, table, 4, signed=True)
    entry = 4 + 2 * place
    return _number(data, offsets + entry, 2) if entry < _number(data, offsets, 2) else 0


def _number(data: memoryview, at: int, size: int, *, signed: bool = False) -> int:
    return int.from_bytes(data[at : at + size], "little", signed=signed)


__all__ = ["is_compressed", "unpacked_bytes"]
