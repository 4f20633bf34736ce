"""The texts of Arrow arrays as documents, for every format that is read as Arrow's tables."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import SourceError, reason_of
from corpuskit.sources.base import Input
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.utf8 import is_valid
from corpuskit.sources.kept_fields import KeptField
from corpuskit.sources.readers.base import BadDocuments
from corpuskit.sources.readers.columns import check_unique, column_type, is_text
from corpuskit.sources.readers.kept import Keep
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


def column_documents(
    column: Any,
    first: int,
    bad: BadDocuments,
    *,
    max_document_bytes: int,
    fields: Mapping[str, Any] | None = None,
    keep: Keep | None = None,
) -> DocumentBatch:
    """The documents of a column; those without text, too long or broken are treated as the options say.

    Args:
        column: A large_binary array of one or more rows, as `as_bytes` gives it.
        first: The number of its first row.
        bad: What is done about documents that cannot be read.
        max_document_bytes: The size of the longest document that is read.
        fields: The columns that are kept, as `kept_columns` gives them, with as many rows.
        keep: Checks their values; None where there are none.

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
    batch = DocumentBatch(texts, list(range(first, first + len(texts))))
    if fields and keep is not None:
        batch.fields = kept_values(keep, fields, first, bad)
    if column.null_count:
        batch = without_nulls(batch, column.is_null().to_pylist(), bad)
    if np.diff(offsets).max() > max_document_bytes:
        batch = without_too_long(batch, bad, max_document_bytes=max_document_bytes)
    if not (block.isascii() or _is_valid_cut(block, offsets[:-1] - begin)):
        batch = checked(batch, bad)
    batch = without_empty(batch, bad)
    return batch if keep is None else keep.checked(batch, bad)


def kept_paths(item: Input, keep: Keep, schema: Any) -> dict[str, list[str]]:
    """The names that lead to the columns that are kept, of those that a table has.

    Args:
        item: The input.
        keep: What is kept.
        schema: A `pyarrow.Schema`.

    Raises:
        SourceError: If a column holds what is kept as text only, or two have the name of one that is asked
            for.
    """
    from pyarrow import types

    paths = {}
    for field in keep.fields:
        path = [field.name] if field.name in schema.names else field.name.split(".")
        if field.is_asked:
            check_unique(item, path[0], schema.names, remedy="--keep")
        type = column_type(schema, path)
        if type is None or schema.names.count(path[0]) > 1:
            continue
        held = type.value_type if types.is_dictionary(type) else type
        if field.is_asked and field.type != "str" and not (_is_scalar(held) or is_text(held)):
            raise SourceError(
                f"{item.name}: column {field.name!r} holds {type}, expected text, numbers or true/false; "
                f"keep it as text with --keep {field.name}:str",
                path=item.name,
                expected=field.type or "text, numbers or true/false",
                found=str(type),
            )
        paths[field.name] = path
    return paths


def kept_columns(batch: Any, paths: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The columns that are kept, of a record batch.

    Args:
        batch: A `pyarrow.RecordBatch`.
        paths: The names that lead to each, as `kept_paths` gives them.
    """
    return {name: text_column(batch, path) for name, path in paths.items()}


def kept_values(
    keep: Keep, columns: Mapping[str, Any], first: int, bad: BadDocuments
) -> dict[str, list[Any]]:
    """The values of the columns that are kept.

    Args:
        keep: What is kept.
        columns: The columns, as `kept_columns` gives them.
        first: The number of their first row.
        bad: Says where something is wrong.

    Raises:
        SourceError: If one that was asked for has a value that neither Python nor text can hold.
    """
    return {f.name: _kept(f, columns[f.name], first, bad) for f in keep.fields if f.name in columns}


def _is_scalar(type: Any) -> bool:
    from pyarrow import types

    named = (types.is_null, types.is_boolean, types.is_integer, types.is_floating)
    return any(is_named(type) for is_named in named)


def _kept(field: KeptField, column: Any, first: int, bad: BadDocuments) -> list[Any]:
    """The values of a column that is kept.

    Raises:
        SourceError: If one that was asked for has no value that Python or text can hold.
    """
    import pyarrow as pa

    try:
        return _values(column)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        if not field.is_asked:
            return [None] * len(column)
        raise bad.error(
            f"column {field.name!r} holds {column.type}, of which not every value can be kept "
            f"({reason_of(error):.200}), in the rows from here on,",
            first,
            f"or leave {field.name!r} out of --keep",
        ) from error


def _values(column: Any) -> list[Any]:
    """The values of a column as Python's; broken bytes of text become lone surrogates.

    Raises:
        pyarrow.ArrowException: If one has no value that Python or text can hold.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    type = column.type
    if is_text(type):
        try:
            values = column.to_pylist()
        except UnicodeDecodeError:
            values = column.cast(pa.large_binary()).to_pylist()
        return [v.decode("utf-8", "surrogateescape") if isinstance(v, bytes) else v for v in values]
    if pa.types.is_float16(type) or pa.types.is_float32(type):
        column = column.cast(pa.float64())
    elif not (_is_scalar(type) or pa.types.is_nested(type)):
        column = column.cast(pa.string())
    found: list[Any] = column.to_pylist()
    return found


def _is_valid_cut(block: bytes, starts: NDArray[np.int64]) -> bool:
    """Whether a block is UTF-8 and no text starts inside a character."""
    if not is_valid(block, final=True):
        return False
    inner = starts[starts < len(block)]
    heads = np.frombuffer(block, np.uint8)[inner]
    low, high = _CONTINUATION
    return not bool(np.any((heads >= low) & (heads < high)))


__all__ = ["as_bytes", "column_documents", "kept_columns", "kept_paths", "kept_values", "text_column"]
