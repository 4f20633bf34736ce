"""Arrays of zarr, version 3, of one dimension: shards of chunks, as tensorstore and zarr read them.

A file holds 512 chunks of 262,144 items, one after another, then an index: of each chunk where it begins in
the file and its bytes, as uint64, both 2**64 - 1 for a chunk that is not there; and a checksum of the index,
CRC-32C. Items that are not there are 0. A chunk is a frame of Blosc: 16 bytes, and the items as they are. The
array says that chunks are compressed with LZ4, as readers ask for; Blosc itself stores what does not get
smaller, and its frames say so.
"""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.formats.dividing import divided
from corpuskit.formats.export import Export
from corpuskit.storage import FileWriter

#: Items in a chunk, and chunks in a file.
_CHUNK_ITEMS, _FILE_CHUNKS = 2**18, 512
#: How long an array says it is; nobody asks for what is behind its items.
_SHAPE = 2**54
_ABSENT = 2**64 - 1
_TYPES = {"<i4": "int32", "<i8": "int64"}
#: Of Blosc's frames: its version and LZ4's; LZ4, stored, shuffled.
_BLOSC = (2, 1, 1 << 5 | 0x2 | 0x1)
_BLOSC_BYTES = 16
#: The polynomial of CRC-32C, Castagnoli's, its bits in reverse.
_POLYNOMIAL = 0x82F63B78


def write_array(export: Export, folder: str, dtype: str, pieces: Iterator[NDArray[Any]], length: int) -> None:
    """Write an array.

    Args:
        export: Opens the files.
        folder: The array's folder in the export.
        dtype: The type of its items, `<i4` or `<i8`.
        pieces: Its items, which the type holds, a piece at a time.
        length: How many there are.
    """
    with export.file(f"{folder}/zarr.json") as file:
        file.write(json.dumps(_description(dtype), indent=2).encode())
    chunks = _filled(divided(pieces, [*range(0, length, _CHUNK_ITEMS), length]), dtype)
    for number, first in enumerate(chunks):
        with export.file(f"{folder}/c/{number}") as file:
            _write_file(file, itertools.chain([first], itertools.islice(chunks, _FILE_CHUNKS - 1)))


def _filled(chunks: Iterator[Iterator[NDArray[Any]]], dtype: str) -> Iterator[NDArray[Any]]:
    """Whole chunks, the last one with zeros behind its items."""
    for parts in chunks:
        chunk, at = np.zeros(_CHUNK_ITEMS, dtype), 0
        for part in parts:
            chunk[at : at + len(part)] = part
            at += len(part)
        yield chunk


def _write_file(file: FileWriter, chunks: Iterator[NDArray[Any]]) -> None:
    index = np.full((_FILE_CHUNKS, 2), _ABSENT, "<u8")
    for number, chunk in enumerate(chunks):
        size = _BLOSC_BYTES + chunk.nbytes
        index[number] = file.size_bytes, size
        file.write(struct.pack("<4B3I", *_BLOSC, chunk.itemsize, chunk.nbytes, chunk.nbytes, size))
        file.write(chunk.data)
    data = index.tobytes()
    file.write(data + struct.pack("<I", crc32c(data)))


def crc32c(data: bytes) -> int:
    """The checksum of some bytes; slow, for a few thousand of them."""
    table, value = _crc_table(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


@cache
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


def _description(dtype: str) -> dict[str, Any]:
    """What zarr.json says of an array."""
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    blosc = {
        "cname": "lz4",
        "clevel": 5,
        "shuffle": "shuffle",
        "typesize": np.dtype(dtype).itemsize,
        "blocksize": 0,
    }
    sharding = {
        "chunk_shape": [_CHUNK_ITEMS],
        "codecs": [little, {"name": "blosc", "configuration": blosc}],
        "index_codecs": [little, {"name": "crc32c"}],
        "index_location": "end",
    }
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [_SHAPE],
        "data_type": _TYPES[dtype],
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": [_CHUNK_ITEMS * _FILE_CHUNKS]},
        },
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
        "attributes": {},
    }


__all__ = ["crc32c", "write_array"]
