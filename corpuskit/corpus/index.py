"""The index beside each shard: a row of three numbers for each document that ends in it.

The rows are little-endian uint64: the token offset in the shard where the document ends, the number of its
input in the manifest, and where it starts there (a byte offset, or a row's number).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS = 3
DTYPE = np.dtype("<u8")
ROW_BYTES = COLUMNS * DTYPE.itemsize

#: uint64[D, 3].
Index = NDArray[np.uint64]


def index_file(shard_file: str) -> str:
    """The name of the index that belongs to a shard's file."""
    return shard_file.removesuffix(".bin") + ".idx"


def rows(values: NDArray[Any]) -> Index:
    """The numbers of an index, uint64[3 * D], as rows, uint64[D, 3]; nothing is copied."""
    return values.reshape(-1, COLUMNS)


def read_rows(path: Path) -> Index:
    """The rows of an index's file, uint64[D, 3].

    Raises:
        OSError: If it cannot be read.
    """
    return rows(np.fromfile(path, DTYPE))


def new_rows(ends: NDArray[Any], input_number: int, starts: Any) -> Index:
    """Rows of documents of one input.

    Args:
        ends: int64[D], where each document ends among the tokens.
        input_number: Which input of the manifest they are from.
        starts: D numbers: where each document starts in its input.

    Returns:
        uint64[D, 3].
    """
    made = np.empty((len(ends), COLUMNS), DTYPE)
    made[:, 0] = ends
    made[:, 1] = input_number
    made[:, 2] = starts
    return made


def ends_of(index: Index) -> NDArray[np.uint64]:
    """uint64[D], ascending: where each document ends among the tokens of its shard."""
    return index[:, 0]
