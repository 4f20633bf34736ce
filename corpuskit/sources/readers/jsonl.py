"""JSON Lines: each line is an object, one of its fields holds the text.

A newline ends a line, and so does a carriage return between two records; inside a record it is white space.
Blank lines are counted as empty documents. Where an object has a field twice, the last one counts. What a
field other than the text's holds decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableSequence, Sequence
from typing import Any, ClassVar

import orjson

from corpuskit.sources.base import Input, OnBadDocument, Shares, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.stream import is_plain
from corpuskit.sources.option_names import refused
from corpuskit.sources.readers import lenient_json as lenient
from corpuskit.sources.readers.base import BadDocuments, Reader
from corpuskit.sources.readers.cuts import NEWLINE, cut, split_stream
from corpuskit.sources.readers.json_records import Fast, RecordReader, Records
from corpuskit.sources.readers.json_values import fields_of, first_text, lookup
from corpuskit.sources.readers.kept import Keep
from corpuskit.sources.readers.samples import documents_at
from corpuskit.sources.readers.texts import batches

#: Among so many of a file's first lines a record is looked for that shows which fields there are.
_FIRST_LINES = 10
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonlReader(RecordReader):
    """Reads JSON Lines.

    Options:
        text_field: The field that holds the text. Dots lead into nested objects; a field whose own name has
            dots is found where no nested one is. Of several, each record's first that is text.
    """

    CHOOSES_TEXT_FIELD: ClassVar[bool] = True

    OPTIONS: ClassVar[Mapping[str, Any]] = {**Reader.COMMON_OPTIONS, "text_field": "text"}

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
        return TextRecords(self, item, bad, is_first=is_first, is_known=is_known)


class TextRecords(Records[bytes]):
    """Takes texts out of records."""

    def fast(self, lines: list[bytes]) -> Fast[bytes] | None:
        """The texts of a block in which every line is as it should be, with its kept fields; else None."""
        try:
            if self._reader.keep.fields:
                return self._fast_with_fields(lines)
            return self._fast_texts(lines), None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def batch(
        self, documents: list[bytes], starts: MutableSequence[int], fields: dict[str, list[Any]] | None
    ) -> DocumentBatch:
        """A batch of texts."""
        return DocumentBatch(documents, starts, fields=fields)

    def document(self, line: bytes, start: int, record: dict[str, Any]) -> bytes | None:
        """The text of a record."""
        field, value = self.field_of(record)
        if isinstance(value, str):
            return self._utf8(value, line, start)
        kind = int if isinstance(value, lenient.Unreadable) else type(value)
        reason = f"field {field!r} is {kind.__name__}, not text, in the record"
        self._bad.bad("not-text", start, reason)
        return None

    def field_of(self, record: dict[str, Any]) -> tuple[str | None, Any]:
        """The field that holds a record's text, with its value: the first text, or the first there."""
        there = [(f, value) for f in self._fields for found, value in [lookup(record, f)] if found]
        texts = (one for one in there if isinstance(one[1], str))
        return next(texts, there[0] if there else (None, None))

    def _fast_texts(self, lines: list[bytes]) -> list[bytes]:
        """The texts of lines.

        Raises:
            ValueError: If some line is no JSON, or holds no text; or a KeyError, TypeError, AttributeError.
        """
        loads, field = orjson.loads, self._fields[0]
        if len(self._fields) > 1:
            return [first_text(loads(line), self._fields).encode() for line in lines]
        if "." not in field:
            return [loads(line)[field].encode() for line in lines]
        path = field.split(".")
        texts = []
        for line in lines:
            value = loads(line)
            for key in path:
                value = value[key]
            texts.append(value.encode())
        return texts

    def _fast_with_fields(self, lines: list[bytes]) -> Fast[bytes]:
        """The same with fields: each record is parsed once, and asked for both.

        Raises:
            ValueError: As `_fast_texts`.
        """
        loads, keep = orjson.loads, self._reader.keep
        field, single = self._fields[0], keep.single
        is_plain = len(self._fields) == 1 and "." not in field
        texts: list[bytes] = []
        if single is not None and is_plain:
            values: list[Any] = []
            add, add_value = texts.append, values.append
            for line in lines:
                record = loads(line)
                add(record[field].encode())
                add_value(record.get(single))
            return texts, {single: values}
        rows = []
        for line in lines:
            record = loads(line)
            text = record[field] if is_plain else first_text(record, self._fields)
            texts.append(text.encode())
            rows.append(keep.of_record(record))
        return texts, keep.columns(rows)

    def _utf8(self, text: str, line: bytes, start: int) -> bytes | None:
        """A text as valid UTF-8, repaired if that is asked for; None if it is left out."""
        try:
            return text.encode()
        except UnicodeEncodeError:
            # Half a character was escaped, or stands for a broken byte; this parser makes the latter whole.
            _, repaired = self.field_of(lenient.loads(line, errors="replace"))
        if not isinstance(repaired, str):  # the field's own name has broken bytes
            repaired = text
        half = _SURROGATE.search(repaired)
        if half is None:
            return None if self._bad.utf8(line, start) is None else repaired.encode()
        reason = f"a lone surrogate (\\u{ord(half[0]):04x}, half a character) in the text of the record"
        return self._bad.repaired(reason, start, _SURROGATE.sub("\ufffd", repaired).encode())


__all__ = ["JsonlReader", "TextRecords"]
