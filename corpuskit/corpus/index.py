"""The index beside each shard: a row of four numbers for each document that ends in it.

The rows are little-endian uint64: the token offset in the shard where the document ends, the number of its
input in the manifest, where it starts there (a byte offset, or a row's number), and the bytes of its text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS = 4
DTYPE = np.dtype("<u8")
ROW_BYTES = COLUMNS * DTYPE.itemsize

#: uint64[D, 4].
Index = NDArray[np.uint64]


def index_file(shard_file: str) -> str:
    """The name of the index that belongs to a shard's file."""
    return shard_file.removesuffix(".bin") + ".idx"


def stream_file(shard_file: str, stream: str) -> str:
    """The name of the file that holds a stream's items for a shard's file."""
    return f"{shard_file.removesuffix('.bin')}.{stream}.bin"


def fields_file(shard_file: str) -> str:
    """The name of the file that holds the kept fields of a shard's documents."""
    return shard_file.removesuffix(".bin") + ".fields.arrow"


def rows(values: NDArray[Any]) -> Index:
    """The numbers of an index, uint64[4 * D], as rows, uint64[D, 4]; nothing is copied."""
    return values.reshape(-1, COLUMNS)


def read_rows(path: Path) -> Index:
    """The rows of an index's file, uint64[D, 4].

    Raises:
        OSError: If it cannot be read.
    """
    return rows(np.fromfile(path, DTYPE))


def new_rows(ends: NDArray[Any], input_number: int, starts: Any, text_bytes: Any) -> Index:
    """Rows of documents of one input.

    Args:
        ends: int64[D], where each document ends among the tokens.
        input_number: Which input of the manifest they are from.
        starts: D numbers: where each document starts in its input.
        text_bytes: D numbers: how many bytes each document's text has in UTF-8.

    Returns:
        uint64[D, 4].
    """
    made = np.empty((len(ends), COLUMNS), DTYPE)
    made[:, 0] = ends
    made[:, 1] = input_number
    made[:, 2] = starts
    made[:, 3] = text_bytes
    return made


def ends_of(index: Index) -> NDArray[np.uint64]:
    """uint64[D], ascending: where each document ends among the tokens of its shard."""
    return index[:, 0]


def text_bytes_of(index: Index) -> NDArray[np.uint64]:
    """uint64[D]: how many bytes the text of each document has in UTF-8."""
    return index[:, 3]
