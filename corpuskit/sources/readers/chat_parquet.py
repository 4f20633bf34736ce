"""Conversations from the rows of Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpuskit.chat.records import COMPLETION, field_of
from corpuskit.sources.base import Input
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers.arrow import kept_columns, kept_values
from corpuskit.sources.readers.base import BadDocuments
from corpuskit.sources.readers.chat_writing import FIELD_FLAG, ConversationReader, Pieces, Writer, batch_of
from corpuskit.sources.readers.columns import check_unique, missing_column
from corpuskit.sources.readers.parquet import ParquetReader, Rows
from corpuskit.sources.readers.texts import without_empty

#: What else is read of a record, if it has it.
_MORE = (COMPLETION, "tools", "system")


class ChatParquetReader(ConversationReader, ParquetReader):
    """Reads conversations from Parquet.

    Args:
        options: All options, checked.
        writer: What makes documents of records.
    """

    def __init__(self, options: Mapping[str, Any], writer: Writer) -> None:
        self.writer = writer
        super().__init__(options)

    def rows(self, item: Input, schema: Any, bad: BadDocuments) -> Rows:
        """What makes conversations of an input's rows."""
        return ChatRows(item, schema, bad, self)

    def reads(self, path: str) -> bool:
        """Whether a column is one that a conversation may be in."""
        wanted = (*self.writer.fields, *_MORE)
        return any(path == name or path.startswith(f"{name}.") for name in wanted)


class ChatRows(Rows):
    """Makes conversations of rows.

    A null in a nested column is what a record does not have: Parquet gives every record all fields.
    """

    def __init__(self, item: Input, schema: Any, bad: BadDocuments, reader: ChatParquetReader) -> None:
        self._writer = reader.writer
        tops = [name if name in schema.names else name.partition(".")[0] for name in self._writer.fields]
        wanted = [name for name in tops if name in schema.names]
        if not wanted:
            raise missing_column(item, self._writer.fields, schema.names, remedy=FIELD_FLAG)
        more = (name for name in _MORE if name in schema.names and name not in wanted)
        self._columns = [*wanted, *more]
        for name in self._columns:
            check_unique(item, name, schema.names, remedy=FIELD_FLAG)
        super().__init__(item, schema, bad, reader, self._columns)

    def documents(self, batch: Any, first: int) -> DocumentBatch:
        """The conversations of some rows."""
        told = batch.select(self._columns)
        try:
            records = told.to_pylist()
        except (ValueError, OverflowError):  # broken UTF-8, or times that Python has not
            records = [None] * len(batch)
        documents, starts = [], []
        for number, record in enumerate(records):
            row = first + number
            document = self._document(told.slice(number, 1), record, row)
            if document is not None and sum(len(piece.text) for piece in document) > self._max_document_bytes:
                self._bad.too_long(row)
            elif document is not None:
                documents.append(document)
                starts.append(row)
        values = kept_values(self._keep, kept_columns(batch, self._kept), first, self._bad)
        fields = {name: [column[row - first] for row in starts] for name, column in values.items()}
        found = without_empty(batch_of(documents, starts, fields or None), self._bad)
        return self._keep.checked(found, self._bad)

    def _document(self, batch: Any, record: dict[str, Any] | None, row: int) -> Pieces | None:
        """The conversation of one row; a row that could not be read as a whole is read value by value."""
        if record is None:
            record = _row(batch, "surrogateescape")
        record = {name: _without_nulls(value) for name, value in record.items()}
        if field_of(record, self._writer.fields)[1] is None:
            self._bad.missing("null-conversation", row, "a null")
            return None
        try:
            return self._writer.checked(record, row, self._bad, of="")
        except UnicodeEncodeError:
            pass
        record = {name: _without_nulls(value) for name, value in _row(batch, "replace").items()}
        try:
            document = self._writer.checked(record, row, self._bad, of="")
        except UnicodeEncodeError:  # inside JSON that is text
            self._bad.bad("invalid-utf8", row, "a lone surrogate (half a character) in the tools")
            return None
        if document is None or self._bad.repaired("invalid UTF-8 in a message", row, b"") is None:
            return None
        return document


def _without_nulls(value: Any) -> Any:
    """A value of Arrow's without the fields of structs that are null."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _row(batch: Any, errors: str) -> dict[str, Any]:
    """The record of a batch of one row, value by value.

    Args:
        batch: A `pyarrow.RecordBatch` of one row.
        errors: How broken UTF-8 is decoded.
    """
    names = batch.schema.names
    return {name: _value(batch.column(number)[0], errors) for number, name in enumerate(names)}


def _value(scalar: Any, errors: str) -> Any:
    """One value of Arrow's; None where Python has nothing like it."""
    import pyarrow as pa

    if not scalar.is_valid:
        return None
    if isinstance(scalar, pa.ListScalar):  # and those that derive from it
        return [_value(one, errors) for one in scalar.values]
    if isinstance(scalar, pa.StructScalar):
        return {field.name: _value(scalar[number], errors) for number, field in enumerate(scalar.type)}
    if isinstance(scalar, pa.DictionaryScalar):
        return _value(scalar.value, errors)
    if isinstance(scalar, pa.StringScalar):
        return scalar.as_buffer().to_pybytes().decode(errors=errors)
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return None


__all__ = ["ChatParquetReader", "ChatRows"]
