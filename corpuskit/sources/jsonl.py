"""JSON Lines: each line is an object, one of its fields holds the text.

Lines end with a newline only. A carriage return before it is white space to JSON. Blank lines are counted
as empty documents. Where an object has a field twice, the last one counts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import orjson

from corpuskit.errors import ConfigError
from corpuskit.sources.base import DocumentBatch, Input, OnBadDocument, Slice
from corpuskit.sources.opening import is_plain
from corpuskit.sources.reader import BadDocuments, Reader, batches, without_empty
from corpuskit.sources.separated import NEWLINE, cut, split_stream

#: When none of a file's first records has the field, the option is wrong and not the records.
_FIRST_RECORDS = 100
_FIELDS_SHOWN = 10
_WHITE_SPACE = b" \t\r"


class JsonlReader(Reader):
    """Reads JSON Lines.

    Options:
        text_field: The field that holds the text. Dots lead into nested objects; a field whose own name has
            dots is found where no nested one is.
    """

    OPTIONS: ClassVar[Mapping[str, Any]] = {**Reader.COMMON_OPTIONS, "text_field": "text"}

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.text_field: str = self.options["text_field"]
        if not self.text_field:
            raise ConfigError("reader option text_field: expected a field's name, found ''")

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Ranges of whole lines."""
        if not is_plain(item):
            return super().slices(item, target_bytes=target_bytes)
        limit = self.options["max_document_bytes"]
        return cut(item, NEWLINE, target_bytes=target_bytes, max_document_bytes=limit)

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The texts of one slice's records; a document starts where its line does."""
        bad = self.policy(item, on_bad)
        first_records = _FirstRecords(self.text_field, bad, done=part.start > 0)
        with self.open(item, part) as stream:
            for starts, lines, *_ in split_stream(
                stream,
                NEWLINE,
                start=part.start or stream.skip_bom(),
                block_bytes=self.block_bytes,
                max_document_bytes=self.options["max_document_bytes"],
                too_long=bad.too_long,
            ):
                texts = self._fast(lines)
                if texts is None:
                    texts, starts = self._one_by_one(lines, starts, bad, first_records)
                else:
                    first_records.done = True
                if b"" in texts:
                    texts, starts = without_empty(texts, starts, bad)
                yield from batches(texts, starts)

    def _fast(self, lines: list[bytes]) -> list[bytes] | None:
        """The texts of a block in which every line is as it should be, else None."""
        loads, field = orjson.loads, self.text_field
        try:
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

    def _one_by_one(
        self, lines: list[bytes], starts: list[int], bad: BadDocuments, first_records: _FirstRecords
    ) -> tuple[list[bytes], list[int]]:
        """The texts of a block in which some line is not; what it is decides what happens."""
        kept: tuple[list[bytes], list[int]] = ([], [])
        for line, start in zip(lines, starts, strict=True):
            record = self._record(line, start, bad)
            if record is None:
                continue
            found, value = _lookup(record, self.text_field)
            first_records.add(record, start, found=found)
            if isinstance(value, str):
                kept[0].append(value.encode())
                kept[1].append(start)
            elif not found:
                bad.missing(
                    "missing-text", start, f"no field {self.text_field!r} {_fields(record)} in the record"
                )
            elif value is None:
                bad.missing("null-text", start, f"field {self.text_field!r} is null in the record")
            else:
                found_type = type(value).__name__
                bad.bad(
                    "not-text", start, f"field {self.text_field!r} is {found_type}, not text, in the record"
                )
        return kept

    def _record(self, line: bytes, start: int, bad: BadDocuments) -> dict[str, Any] | None:
        """A line's object; None if there is none that can be used."""
        if not line.strip(_WHITE_SPACE):
            bad.leave_out("empty", start, "a blank line")
            return None
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            valid = bad.utf8(line, start)
            if valid is None:
                return None
            try:
                record = orjson.loads(valid)
            except orjson.JSONDecodeError as error:
                within = len(valid.decode()[: error.pos].encode())
                bad.bad("invalid-json", start, f"invalid JSON ({error.msg})", within=within)
                return None
        if not isinstance(record, dict):
            bad.bad("invalid-json", start, f"a JSON {type(record).__name__} where an object is expected")
            return None
        return record


@dataclasses.dataclass(slots=True)
class _FirstRecords:
    """Watches the beginning of a file for an option that names no field of it."""

    field: str
    bad: BadDocuments
    done: bool
    missing: int = 0

    def add(self, record: dict[str, Any], start: int, *, found: bool) -> None:
        """Note whether a record has the field.

        Raises:
            SourceError: If none of the first records had it.
        """
        if found or self.done:
            self.done = True
            return
        self.missing += 1
        if self.missing == _FIRST_RECORDS:
            raise self.bad.error(
                f"none of the first {_FIRST_RECORDS} records has a field {self.field!r} {_fields(record)}; "
                "choose one with --text-field; the last of them begins",
                start,
            )


def _lookup(record: dict[str, Any], field: str) -> tuple[bool, Any]:
    """Whether a record has a field, and its value."""
    value: Any = record
    for key in field.split("."):
        if not isinstance(value, dict) or key not in value:
            return field in record, record.get(field)
        value = value[key]
    return True, value


def _fields(record: dict[str, Any]) -> str:
    names = [str(name) for name in record]
    more = ", ..." if len(names) > _FIELDS_SHOWN else ""
    return f"(it has: {', '.join(names[:_FIELDS_SHOWN])}{more})"
