"""Records of JSON as documents, whatever those are: texts or conversations, with the fields that are kept."""

from __future__ import annotations

import abc
from collections.abc import Iterator, MutableSequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from corpuskit.errors import SourceError
from corpuskit.numbers import may_be_rounded
from corpuskit.sources.base import Input, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers import lenient_json as lenient
from corpuskit.sources.readers.base import BATCH_BYTES, BadDocuments, Reader
from corpuskit.sources.readers.columns import either
from corpuskit.sources.readers.json_values import has, parsed
from corpuskit.sources.readers.kept import Keep
from corpuskit.sources.readers.separator import document_starts
from corpuskit.sources.readers.text_field import shown
from corpuskit.sources.readers.texts import without_empty

T = TypeVar("T")
#: Documents, and their kept fields.
Fast = tuple[list[T], dict[str, list[Any]] | None]

#: When none of a file's first records has the field, the option is wrong and not the records.
_FIRST_RECORDS = 100
_WHITE_SPACE = b" \t\r"

#: What JSON calls values that are no object.
_KINDS = {
    list: "a JSON array",
    str: "a JSON string",
    int: "a JSON number",
    lenient.Unreadable: "a JSON number",
    float: "a JSON number",
    bool: "a JSON true or false",
    type(None): "a JSON null",
}
#: What stands before a value, but for the first of all.
_BEFORE_VALUES = (b"[", b"{", b",")
_BEFORE_BYTES = np.frombuffer(b"".join(_BEFORE_VALUES), np.uint8)

#: A line up to this takes little memory, whatever it holds. A longer one may have so many values: each takes
#: some 60 bytes of memory, and may take two in the file.
_SMALL_BYTES, _MAX_VALUES = 16 * 2**20, 8_000_000
#: The types of values that may be or hold a number that the parser rounds.
_ROUNDED_IN = frozenset({float, dict, list})


class RecordReader(Reader):
    """A reader of records of JSON.

    Attributes:
        text_fields: The fields that are read, in order of preference.
        keep: The fields that are kept beside them.
        FIELD_FLAG: By what the user says which field is read.
    """

    FIELD_FLAG: ClassVar[str] = "--text-field"
    text_fields: list[str]
    keep: Keep


class Records(abc.ABC, Generic[T]):
    """Makes documents of records; what a document is, a subclass says.

    A block of lines is read at once, or one by one where some line is not as it should be.

    Args:
        reader: Whose options decide.
        item: The input.
        bad: What to do about broken records.
        is_first: Whether the slice is the file's beginning, which shows an option that names no field of it.
        is_known: Whether it is known that the file is of this kind of JSON.

    Attributes:
        found_any: Whether some record of the slice has the field.
    """

    #: What a record is said to be without.
    WHAT: ClassVar[str] = "text"

    def __init__(
        self,
        reader: RecordReader,
        item: Input,
        bad: BadDocuments,
        *,
        is_first: bool,
        is_known: bool = False,
    ) -> None:
        self.found_any = False
        self._reader = reader
        self._fields = reader.text_fields
        self._wanted = either(shown(reader.text_fields))
        self._item = item
        self._bad = bad
        self._is_first = is_first
        self._missing = 0
        self._is_json_lines = is_known

    @abc.abstractmethod
    def fast(self, lines: list[bytes]) -> Fast[T] | None:
        """The documents of a block in which every line is as it should be, with kept fields; else None."""

    @abc.abstractmethod
    def document(self, line: bytes, start: int, record: dict[str, Any]) -> T | None:
        """The document of a record that has one of the fields, which is not null; None if it is no use."""

    @abc.abstractmethod
    def batch(
        self, documents: list[T], starts: MutableSequence[int], fields: dict[str, list[Any]] | None
    ) -> DocumentBatch:
        """A batch of documents, with where their records start and their kept fields."""

    @abc.abstractmethod
    def field_of(self, record: dict[str, Any]) -> tuple[str | None, Any]:
        """The one of the fields that counts in a record, with its value; (None, None) if it has none."""

    def of_block(self, lines: list[bytes], starts: MutableSequence[int]) -> DocumentBatch:
        """The documents of some lines, with where their records start; perhaps none."""
        keep, found = self._reader.keep, None
        is_small = starts[-1] - starts[0] + len(lines[-1]) <= _SMALL_BYTES
        if is_small or not any(map(_holds_too_much, lines)):
            found = self.fast(lines)
        if found is None:
            return keep.checked(without_empty(self.documents(lines, starts), self._bad), self._bad)
        self.found_any = True
        batch = self.batch(found[0], starts, found[1])
        if keep.is_text(batch):
            return without_empty(batch, self._bad)
        self._unround(batch, lines)
        return keep.checked(without_empty(batch, self._bad), self._bad, is_valid=True)

    def documents(self, lines: list[bytes], starts: MutableSequence[int]) -> DocumentBatch:
        """The documents of some lines, with where their records start; of what is none it is decided."""
        keep = self._reader.keep
        documents: list[T] = []
        places: list[int] = []
        rows = []
        for line, start in zip(lines, starts, strict=True):
            for piece, at, record in self._records(line, start):
                document = self._document(piece, at, record)
                if document is not None:
                    documents.append(document)
                    places.append(at)
                    values = keep.of_record(record)
                    if any(map(may_be_rounded, values)):
                        values = keep.of_record(lenient.loads(piece))
                    rows.append(values)
        return self.batch(documents, places, keep.columns(rows) if keep.fields else None)

    def _unround(self, batch: DocumentBatch, lines: list[bytes]) -> None:
        """Read values again that were perhaps whole numbers of more than 64 bits, which the parser rounds."""
        for name, values in (batch.fields or {}).items():
            if _ROUNDED_IN.isdisjoint(map(type, values)):
                continue
            for number, value in enumerate(values):
                if may_be_rounded(value):
                    exact = self._reader.keep.of_record(lenient.loads(lines[number]))
                    values[number] = self._reader.keep.columns([exact])[name][0]

    def too_long(self, start: int) -> None:
        """Leave out a line that is too long.

        Raises:
            SourceError: If the file is no JSON Lines, or such documents are an error.
        """
        self._check_layout()
        self._bad.too_long(start)

    def _check_layout(self) -> None:
        """Check, where some line cannot be read, that the file's beginning is no other kind of JSON.

        Raises:
            SourceError: If it is.
        """
        if self._is_json_lines:
            return
        head = b""
        with self._reader.open(self._item, Slice()) as stream:
            while len(head) < BATCH_BYTES and (data := stream.read(BATCH_BYTES - len(head))):
                head += data
        if layout := lenient.other_layout(head):
            name = self._item.name
            raise SourceError(f"{name}: {layout}", path=name, expected="JSON Lines")
        self._is_json_lines = True

    def _records(self, line: bytes, start: int) -> Iterator[tuple[bytes, int, dict[str, Any]]]:
        """The records of a line, each with its bytes and its start: one, unless carriage returns end some."""
        if not line.strip(_WHITE_SPACE):
            self._bad.leave_out("empty", start, "a blank line")
            return
        if _holds_too_much(line):
            self._damaged(f"more than {_MAX_VALUES:,} values in one record, which memory is not for", start)
            return
        try:
            record = parsed(line)
        except lenient.DamagedJson as error:
            if line.find(b"\r", 0, -1) >= 0:
                pieces = line.removesuffix(b"\r").split(b"\r")
                for piece, at in zip(pieces, document_starts(pieces, start, 1), strict=True):
                    yield from self._records(piece, at)
            else:
                self._damaged(f"invalid JSON ({error.reason})", start, within=error.within)
            return
        if isinstance(record, dict):
            yield line, start, record
        else:
            self._damaged(f"{_KINDS[type(record)]} where an object is expected", start)

    def _damaged(self, reason: str, start: int, *, within: int = 0) -> None:
        """Leave a record out, if it is the record that is wrong and not the kind of file.

        Raises:
            SourceError: If it is the kind of file, or broken records are an error.
        """
        self._check_layout()
        self._bad.bad("invalid-json", start, reason, within=within)

    def _document(self, line: bytes, start: int, record: dict[str, Any]) -> T | None:
        """A record's document; None if it has none, or none that can be used."""
        field, value = self.field_of(record)
        found = field is not None
        self._note(record, start, found=found)
        if found and value is not None:
            return self.document(line, start, record)
        if not found:
            reason = f"no field {self._wanted} {self._has(record)} in the record"
            self._bad.missing(f"missing-{self.WHAT}", start, reason)
        else:
            self._bad.missing(f"null-{self.WHAT}", start, f"field {field!r} is null in the record")
        return None

    def _has(self, record: dict[str, Any]) -> str:
        return has(self._fields, record, of_text=self.WHAT == "text")

    def _note(self, record: dict[str, Any], start: int, *, found: bool) -> None:
        """Note whether a record has the field.

        Raises:
            SourceError: If none of the file's first records had it.
        """
        if found or self.found_any or not self._is_first:
            self.found_any = True
            return
        self._missing += 1
        if self._missing == _FIRST_RECORDS:
            raise self._bad.error(
                f"none of the first {_FIRST_RECORDS} records has a field {self._wanted} "
                f"{self._has(record)}; choose one with {self._reader.FIELD_FLAG}; the last of them "
                "begins",
                start,
            )


def _holds_too_much(line: bytes) -> bool:
    """Whether a line has so many values that they would take many times its own size in memory."""
    if len(line) <= _SMALL_BYTES or sum(map(line.count, _BEFORE_VALUES)) <= _MAX_VALUES:
        return False
    # Of the same length, and each quotation mark left begins or ends a text.
    plain = line.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    found = quotes = 0
    for start in range(0, len(plain), _SMALL_BYTES):
        piece = np.frombuffer(plain, np.uint8, min(_SMALL_BYTES, len(plain) - start), start)
        seen = quotes + np.cumsum(piece == ord('"'))
        found += np.count_nonzero(np.isin(piece, _BEFORE_BYTES) & (seen % 2 == 0))
        quotes = int(seen[-1])
    return found > _MAX_VALUES


__all__ = ["Fast", "RecordReader", "Records"]
