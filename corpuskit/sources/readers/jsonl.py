"""JSON Lines: each line is an object, one of its fields holds the text.

A newline ends a line, and so does a carriage return between two records; inside a record it is white space.
Blank lines are counted as empty documents. Where an object has a field twice, the last one counts. What a
field other than the text's holds decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

import orjson

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input, OnBadDocument, Shares, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.stream import is_plain
from corpuskit.sources.option_names import refused
from corpuskit.sources.readers import json_values
from corpuskit.sources.readers import lenient_json as lenient
from corpuskit.sources.readers.base import BATCH_BYTES, BadDocuments, Reader
from corpuskit.sources.readers.columns import either
from corpuskit.sources.readers.cuts import NEWLINE, cut, split_stream
from corpuskit.sources.readers.json_values import (
    ROUNDED_IN,
    fields_of,
    may_be_rounded,
    parsed,
    some_holds_too_much,
)
from corpuskit.sources.readers.kept import Keep
from corpuskit.sources.readers.record_fields import first_text, has, lookup
from corpuskit.sources.readers.samples import documents_at
from corpuskit.sources.readers.separator import document_starts
from corpuskit.sources.readers.text_field import shown
from corpuskit.sources.readers.texts import batches, without_empty

T = TypeVar("T")
#: Kept fields as they were read, before they are checked.
Fields = dict[str, list[Any]] | None

#: When none of a file's first records has the field, the option is wrong and not the records.
_FIRST_RECORDS = 100
#: Among so many of a file's first lines a record is looked for that shows which fields there are.
_FIRST_LINES = 10
_WHITE_SPACE = b" \t\r"
_SURROGATE = re.compile("[\ud800-\udfff]")

#: What JSON calls values that are no object.
_KINDS = {
    list: "a JSON array",
    str: "a JSON string",
    int: "a JSON number",
    float: "a JSON number",
    bool: "a JSON true or false",
    type(None): "a JSON null",
}


class JsonlReader(Reader):
    """Reads JSON Lines.

    Options:
        text_field: The field that holds the text. Dots lead into nested objects; a field whose own name has
            dots is found where no nested one is. Of several, each record's first that is text.
    """

    CHOOSES_TEXT_FIELD: ClassVar[bool] = True

    OPTIONS: ClassVar[Mapping[str, Any]] = {**Reader.COMMON_OPTIONS, "text_field": "text"}

    #: By what the user says which field is read.
    FIELD_FLAG: ClassVar[str] = "--text-field"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.text_fields = self.wanted()
        self.keep = Keep(self.options["keep"])

    def wanted(self) -> list[str]:
        """The fields that are read, in order of preference.

        Raises:
            ConfigError: If one has no name.
        """
        said = self.options["text_field"]
        fields: list[str] = [said] if isinstance(said, str) else said
        if not all(fields):
            raise refused("text_field", "", "a field's name")
        return fields

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Ranges of whole lines."""
        if not is_plain(item):
            return super().slices(item, target_bytes=target_bytes)
        limit = self.options["max_document_bytes"]
        return cut(item, NEWLINE, target_bytes=target_bytes, max_document_bytes=limit)

    def fields(self, item: Input) -> Sequence[str]:
        """The fields of the first record."""
        with self.open(item, Slice()) as stream:
            stream.skip_bom()
            head = stream.peek(self.block_bytes)
        lines = re.split(rb"[\r\n]+", head, maxsplit=_FIRST_LINES)
        return next((names for line in lines if (names := fields_of(line))), [])

    def places(self, item: Input, part: Slice, shares: Shares) -> Sequence[Slice] | None:
        """Whole lines; None in what is compressed."""
        if not is_plain(item):
            return None
        limit = self.options["max_document_bytes"]
        return documents_at(item, NEWLINE, part, shares, max_document_bytes=limit)

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The texts of one slice's records; a document starts where its line does."""
        bad = self.policy(item, on_bad)
        records = self.records(item, bad, is_first=part.start == 0)
        with self.open(item, part) as stream:
            for starts, lines, *_ in split_stream(
                stream,
                NEWLINE,
                start=part.start or stream.skip_bom(),
                block_bytes=self.block_bytes,
                max_document_bytes=self.options["max_document_bytes"],
                too_long=records.too_long,
            ):
                yield from batches(records.of_block(lines, starts))

    def records(
        self, item: Input, bad: BadDocuments, *, is_first: bool, is_known: bool = False
    ) -> Records[Any]:
        """What makes documents of an input's records."""
        return Records(self, item, bad, is_first=is_first, is_known=is_known)

    def batch(self, documents: list[Any], starts: list[int]) -> DocumentBatch:
        """What was made of records, as documents."""
        return DocumentBatch(documents, starts)

    def fast(self, lines: list[bytes]) -> tuple[list[Any], Fields] | None:
        """The documents of a block in which every line is as it should be, with kept fields; else None."""
        if self.keep.fields:
            return self._fast_with_fields(lines)
        return None if (texts := self._fast_texts(lines)) is None else (texts, None)

    def _fast_with_fields(self, lines: list[bytes]) -> tuple[list[bytes], Fields] | None:
        """The same where fields are kept: each record is parsed once, and asked for both."""
        loads, keep = orjson.loads, self.keep
        field, single = self.text_fields[0], keep.single
        texts: list[bytes] = []
        try:
            if single is not None and len(self.text_fields) == 1 and "." not in field:
                values: list[Any] = []
                add, add_value = texts.append, values.append
                for line in lines:
                    record = loads(line)
                    add(record[field].encode())
                    add_value(record.get(single))
                return texts, {single: values}
            kept: list[Any] = []
            plain = len(self.text_fields) == 1 and "." not in field
            for line in lines:
                record = loads(line)
                text = record[field] if plain else first_text(record, self.text_fields)
                texts.append(text.encode())
                kept += keep.of_record(record)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return texts, keep.columns(kept)

    def _fast_texts(self, lines: list[bytes]) -> list[bytes] | None:
        loads, field = orjson.loads, self.text_fields[0]
        try:
            if len(self.text_fields) > 1:
                return [first_text(loads(line), self.text_fields).encode() for line in lines]
            if "." not in field:
                return [loads(line)[field].encode() for line in lines]
            path = field.split(".")
            texts = []
            for line in lines:
                value = loads(line)
                for key in path:
                    value = value[key]
                texts.append(value.encode())
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return texts


class Records(Generic[T]):
    """Reads records one by one, where some line of a block is not as it should be.

    A document is a text; a subclass makes something else of a record.

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
        reader: JsonlReader,
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

    def of_block(self, lines: list[bytes], starts: list[int]) -> DocumentBatch:
        """The documents of some lines, with where their records start; perhaps none."""
        keep = self._reader.keep
        found = None if some_holds_too_much(lines) else self._reader.fast(lines)
        if found is None:
            return keep.checked(without_empty(self.documents(lines, starts), self._bad), self._bad)
        self.found_any = True
        batch = self._reader.batch(found[0], starts)
        batch.fields = found[1]
        if keep.is_text(batch):
            return without_empty(batch, self._bad)
        self._unround(batch, lines)
        return keep.checked(without_empty(batch, self._bad), self._bad, is_valid=True)

    def documents(self, lines: list[bytes], starts: list[int]) -> DocumentBatch:
        """The documents of some lines, with where their records start; of what is none it is decided."""
        keep = self._reader.keep
        documents: list[T] = []
        found: list[int] = []
        kept: list[Any] = []
        for line, start in zip(lines, starts, strict=True):
            for piece, at, record in self._records(line, start):
                document = self._document(piece, at, record)
                if document is not None:
                    documents.append(document)
                    found.append(at)
                    values = keep.of_record(record)
                    if any(map(may_be_rounded, values)):
                        values = keep.of_record(lenient.loads(piece, numbers=True))
                    kept += values
        batch = self._reader.batch(documents, found)
        batch.fields = keep.columns(kept) if keep.fields else None
        return batch

    def _unround(self, batch: DocumentBatch, lines: list[bytes]) -> None:
        """Read values again that were perhaps whole numbers of more than 64 bits, which the parser rounds."""
        for name, values in (batch.fields or {}).items():
            if ROUNDED_IN.isdisjoint(map(type, values)):
                continue
            for number, value in enumerate(values):
                if may_be_rounded(value):
                    exact = self._reader.keep.of_record(lenient.loads(lines[number], numbers=True))
                    values[number] = self._reader.keep.columns(exact)[name][0]

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
        if some_holds_too_much([line]):
            most = json_values.MAX_VALUES
            self._damaged(f"more than {most:,} values in one record, which memory is not for", start)
            return
        try:
            record = self.parsed(line)
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

    def parsed(self, line: bytes) -> Any:
        """A line's value.

        Raises:
            lenient.DamagedJson: If it is none.
        """
        return parsed(line)

    def _document(self, line: bytes, start: int, record: dict[str, Any]) -> T | None:
        """A record's document; None if it has none, or none that can be used."""
        field, value = self._field_of(record)
        found = field is not None
        self._note(record, start, found=found)
        if found and value is not None:
            return self.document(line, start, record)
        if not found:
            reason = f"no field {self._wanted} {has(self._fields, record)} in the record"
            self._bad.missing(f"missing-{self.WHAT}", start, reason)
        else:
            self._bad.missing(f"null-{self.WHAT}", start, f"field {field!r} is null in the record")
        return None

    def document(self, line: bytes, start: int, record: dict[str, Any]) -> T | None:
        """The document of a record that has one of the fields, which is not null; None if it is no use."""
        field, value = self._field_of(record)
        if isinstance(value, str):
            return cast("T | None", self._utf8(value, line, start))
        reason = f"field {field!r} is {type(value).__name__}, not text, in the record"
        self._bad.bad("not-text", start, reason)
        return None

    def _field_of(self, record: dict[str, Any]) -> tuple[str | None, Any]:
        """The field that holds a record's text, with its value: the first text, or the first there."""
        there = [(f, value) for f in self._fields for found, value in [lookup(record, f)] if found]
        texts = (one for one in there if isinstance(one[1], str))
        return next(texts, there[0] if there else (None, None))

    def _utf8(self, text: str, line: bytes, start: int) -> bytes | None:
        """A text as valid UTF-8, repaired if that is asked for; None if it is left out."""
        try:
            return text.encode()
        except UnicodeEncodeError:
            # Half a character was escaped, or stands for a broken byte; this parser makes the latter whole.
            _, repaired = self._field_of(lenient.loads(line, errors="replace"))
        if not isinstance(repaired, str):  # the field's own name has broken bytes
            repaired = text
        half = _SURROGATE.search(repaired)
        if half is None:
            return None if self._bad.utf8(line, start) is None else repaired.encode()
        reason = f"a lone surrogate (\\u{ord(half[0]):04x}, half a character) in the text of the record"
        return self._bad.repaired(reason, start, _SURROGATE.sub("\ufffd", repaired).encode())

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
                f"{has(self._fields, record)}; choose one with {self._reader.FIELD_FLAG}; the last of them "
                "begins",
                start,
            )
