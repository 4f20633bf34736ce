"""Conversations from JSON Lines, or from an array of objects."""

from __future__ import annotations

import contextlib
import gc
import re
from collections.abc import Iterable, Iterator, Mapping, MutableSequence
from typing import Any, ClassVar

import orjson

from corpuskit.chat.records import field_of
from corpuskit.sources.base import Input
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers import lenient_json as lenient
from corpuskit.sources.readers.base import BadDocuments
from corpuskit.sources.readers.chat_writing import FIELD_FLAG, ConversationReader, Pieces, Writer, batch_of
from corpuskit.sources.readers.json import JsonReader
from corpuskit.sources.readers.json_records import Fast, Records

_SURROGATE = re.compile("[\ud800-\udfff]")


class ChatJsonReader(ConversationReader, JsonReader):
    """Reads conversations from JSON Lines or an array.

    Args:
        options: All options, checked.
        writer: What makes documents of records.
    """

    FIELD_FLAG: ClassVar[str] = FIELD_FLAG

    def __init__(self, options: Mapping[str, Any], writer: Writer) -> None:
        self.writer = writer
        super().__init__(options)

    def wanted(self) -> list[str]:
        """The fields that may hold a conversation."""
        return self.writer.fields

    def records(
        self, item: Input, bad: BadDocuments, *, is_first: bool, is_known: bool = False
    ) -> Records[Pieces]:
        """What makes conversations of an input's records."""
        return ChatRecords(self, item, bad, is_first=is_first, is_known=is_known)


class ChatRecords(Records[Pieces]):
    """Makes conversations of records one by one."""

    WHAT: ClassVar[str] = "conversation"

    _reader: ChatJsonReader

    def fast(self, lines: list[bytes]) -> Fast[Pieces] | None:
        """The conversations of a block in which every line is as it should be, else None."""
        loads, pieces, keep = orjson.loads, self._reader.writer.pieces, self._reader.keep
        with _without_collector():
            try:
                if not keep.fields:
                    return [pieces(loads(line), line) for line in lines], None
                documents, rows = [], []
                for line in lines:
                    record = loads(line)
                    documents.append(pieces(record, line))
                    rows.append(keep.of_record(record))
            except ValueError:  # of JSON, of Unicode, or a conversation's
                return None
        return documents, keep.columns(rows)

    def batch(
        self, documents: list[Pieces], starts: MutableSequence[int], fields: dict[str, list[Any]] | None
    ) -> DocumentBatch:
        """A batch of conversations."""
        return batch_of(documents, starts, fields)

    def document(self, line: bytes, start: int, record: dict[str, Any]) -> Pieces | None:
        """The conversation of a record."""
        writer, bad = self._reader.writer, self._bad
        try:
            return writer.checked(record, start, bad, of=" in the record", line=line)
        except UnicodeEncodeError:
            # Half a character was escaped, or stands for a broken byte; this parser makes the latter whole.
            repaired = lenient.loads(line, errors="replace")
        half = next(_halves(repaired), None)
        try:
            document = writer.checked(_mended(repaired), start, bad, of=" in the record")
        except UnicodeEncodeError:  # inside JSON that is text inside JSON
            bad.bad("invalid-utf8", start, "a lone surrogate (half a character) in the tools of the record")
            return None
        if document is None:
            return None
        if half is None:
            return None if bad.utf8(line, start) is None else document
        reason = f"a lone surrogate (\\u{ord(half):04x}, half a character) in the text of the record"
        return None if bad.repaired(reason, start, line) is None else document

    def field_of(self, record: dict[str, Any]) -> tuple[str | None, Any]:
        """The field that holds a record's conversation: the first that is not null, or the first there."""
        return field_of(record, self._fields)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Let the collector of circles wait for a block: pieces have none, and looking takes as long again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _halves(value: Any) -> Iterator[str]:
    """The halves of characters in a JSON value."""
    if isinstance(value, str):
        yield from _SURROGATE.findall(value)
    elif isinstance(value, (dict, list)):
        inner: Iterable[Any] = [*value, *value.values()] if isinstance(value, dict) else value
        for one in inner:
            yield from _halves(one)


def _mended(value: Any) -> Any:
    """A JSON value with U+FFFD for every half of a character."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mended(name): _mended(one) for name, one in value.items()}
    return [_mended(one) for one in value] if isinstance(value, list) else value


__all__ = ["ChatJsonReader", "ChatRecords"]
