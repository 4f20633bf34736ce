"""The texts of Arrow arrays as documents, for every format that is read as Arrow's tables."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.sources.base import DocumentBatch
from corpuskit.sources.inputs.utf8 import is_valid
from corpuskit.sources.readers.base import BadDocuments
from corpuskit.sources.readers.texts import checked, without_empty, without_nulls, without_too_long

_CONTINUATION = (0x80, 0xC0)  # a byte b inside a character has 0x80 <= b < 0xC0


def text_column(batch: Any, path: Sequence[str]) -> Any:
    """The text's column of a record batch, as it is stored.

    Args:
        batch: A `pyarrow.RecordBatch`.
        path: The names that lead to the column, as `text_path` gives them.
    """
    from pyarrow import compute

    name, *inner = path
    column = batch.column(name)
    for name in inner:
        column = compute.struct_field(column, name)
    return column


def as_bytes(column: Any) -> Any:
    """A column of text, of whatever type, as a large_binary array.

    Raises:
        pyarrow.ArrowException: If it cannot be.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.large_binary())


def column_documents(column: Any, first: int, bad: BadDocuments, *, max_document_bytes: int) -> DocumentBatch:
    """The documents of a column; those without text, too long or broken are treated as the options say.

    Args:
        column: A large_binary array of one or more rows, as `as_bytes` gives it.
        first: The number of its first row.
        bad: What is done about documents that cannot be read.
        max_document_bytes: The size of the longest document that is read.

    Returns:
        The documents, each of which starts at the number of its row; perhaps none.

    Raises:
        SourceError: If a document is broken and such documents are an error.
    """
    _, offset_buffer, data_buffer = column.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[column.offset : column.offset + len(column) + 1]
    begin, end = int(offsets[0]), int(offsets[-1])
    block = data_buffer[begin:end].to_pybytes() if end > begin else b""
    bounds = (offsets - begin).tolist()
    texts = [block[a:b] for a, b in itertools.pairwise(bounds)]
    starts = list(range(first, first + len(texts)))
    if column.null_count:
        texts, starts = without_nulls(texts, starts, column.is_null().to_pylist(), bad)
    if np.diff(offsets).max() > max_document_bytes:
        texts, starts = without_too_long(texts, starts, bad, max_document_bytes=max_document_bytes)
    if not (block.isascii() or _is_valid_cut(block, offsets[:-1] - begin)):
        texts, starts = checked(texts, starts, bad)
    if b"" in texts:
        texts, starts = without_empty(texts, starts, bad)
    return DocumentBatch(texts, starts)


def _is_valid_cut(block: bytes, starts: NDArray[np.int64]) -> bool:
    """Whether a block is UTF-8 and no text starts inside a character."""
    if not is_valid(block, final=True):
        return False
    inner = starts[starts < len(block)]
    heads = np.frombuffer(block, np.uint8)[inner]
    low, high = _CONTINUATION
    return not bool(np.any((heads >= low) & (heads < high)))


__all__ = ["as_bytes", "column_documents", "text_column"]
