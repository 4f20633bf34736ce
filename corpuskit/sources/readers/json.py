"""JSON files: one array of objects, read element by element; any other is read as JSON Lines.

An array may be of any length: no more than one element and what is read at once are in memory. Damaged JSON
in it is an error whatever the options say, because nobody can tell where the next element begins.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input, OnBadDocument, Shares, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.stream import InputStream, text_bytes
from corpuskit.sources.readers import lenient_json as lenient
from corpuskit.sources.readers.base import BATCH_BYTES, BadDocuments
from corpuskit.sources.readers.json_values import fields_of
from corpuskit.sources.readers.jsonl import JsonlReader
from corpuskit.sources.readers.texts import batches

_SPACE = re.compile(r"[ \t\r\n]*")


class JsonReader(JsonlReader):
    """Reads an array of objects, or JSON Lines.

    Options: those of JSON Lines.
    """

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """All of an array; ranges of lines of anything else."""
        if self._is_array(item):
            return [Slice(size_bytes=text_bytes(item))]
        return super().slices(item, target_bytes=target_bytes)

    def places(self, item: Input, part: Slice, shares: Shares) -> Sequence[Slice] | None:
        """None in an array, which can be read from its beginning only."""
        return None if self._is_array(item) else super().places(item, part, shares)

    def fields(self, item: Input) -> Sequence[str]:
        """The fields of the first record."""
        if not self._is_array(item):
            return super().fields(item)
        with self.open(item, Slice()) as stream:
            elements = _Elements(item, stream, self.policy(item, _ignore), self.block_bytes, 0)
            for lines, _ in elements.blocks(self.options["max_document_bytes"]):
                for line in lines:
                    if names := fields_of(line):
                        return names
        return ()

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The texts of an array's elements, or of lines; a document starts where its record does."""
        if not self._is_array(item):
            yield from super().read(item, part, on_bad)
            return
        bad = self.policy(item, on_bad)
        records = self.records(item, bad, is_first=True, is_known=True)
        with self.open(item, part) as stream:
            start = stream.skip_bom()
            for lines, starts in _Elements(item, stream, bad, self.block_bytes, start).blocks(
                self.options["max_document_bytes"]
            ):
                yield from batches(records.of_block(lines, starts))

    def _is_array(self, item: Input) -> bool:
        """Whether a file is one array, and not an array a line."""
        with self.open(item, Slice()) as stream:
            stream.skip_bom()
            head = stream.peek(BATCH_BYTES)
        return head.lstrip().startswith(b"[") and bool(lenient.other_layout(head))


class _Elements:
    """The elements of an array, as bytes.

    Args:
        item: The input.
        stream: Its bytes, after a byte order mark.
        bad: Says where something is wrong.
        block_bytes: How much to read at once.
        start: Where the stream begins in the input.
    """

    def __init__(
        self, item: Input, stream: InputStream, bad: BadDocuments, block_bytes: int, start: int
    ) -> None:
        self._item, self._stream, self._bad, self._block_bytes = item, stream, bad, block_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at = "", 0  # what is in memory, and how far it is used
        self._position = start  # of the byte at `_at`
        self._is_over = False

    def blocks(self, max_document_bytes: int) -> Iterator[tuple[list[bytes], list[int]]]:
        """Neighbouring elements with where each starts, about a block at a time."""
        self._sign("[")
        elements: list[bytes] = []
        starts: list[int] = []
        size = 0
        if self._next() == "]":
            self._sign("]")
        else:
            while True:
                start, element = self._element(max_document_bytes)
                elements.append(element)
                starts.append(start)
                size += len(element)
                if size >= self._block_bytes:
                    yield elements, starts
                    elements, starts, size = [], [], 0
                if self._sign(",]") == "]":
                    break
        if elements:
            yield elements, starts
        if self._next():
            raise self._error("text after the end of the array")

    def _element(self, max_document_bytes: int) -> tuple[int, bytes]:
        """The next element, and where it starts."""
        self._next()
        while True:
            reason, within = "", 0
            try:
                end = lenient.end_of_value(self._text, self._at)
                if self._is_over or end < len(self._text):
                    break  # what a number goes on with would be in memory
            except lenient.CutOff as error:
                reason, within = error.reason, error.within - self._at
            except lenient.DamagedJson as error:
                raise self._error(f"invalid JSON ({error.reason})", error.within) from None
            if len(self._text) - self._at > max_document_bytes:
                self._bad.too_long(self._position)
                raise self._error(f"more than {max_document_bytes:,} bytes, which cannot be passed, begin")
            # As much again as there is: a long element is parsed a few times, and not once a block.
            if not self._more(max(self._block_bytes, len(self._text) - self._at)) and reason:
                raise self._error(f"invalid JSON ({reason})", self._at + within)
        start = self._position
        return start, self._take(end)

    def _sign(self, signs: str) -> str:
        """Pass one of some signs of structure."""
        found = self._next()
        if not found or found not in signs:
            there = repr(found) if found else "the end of the file"
            raise self._error(f"expected {' or '.join(map(repr, signs))}, found {there}")
        self._take(self._at + 1)
        return found

    def _next(self) -> str:
        """The next character that is no white space, which stays; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._take(found.end())
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(self._block_bytes):
                return ""

    def _take(self, end: int) -> bytes:
        taken = self._text[self._at : end].encode("utf-8", "surrogateescape")
        self._at = end
        self._position += len(taken)
        return taken

    def _more(self, size: int) -> bool:
        """Read on; False at the end."""
        if self._is_over:
            return False
        data = self._stream.read(size)
        self._is_over = not data
        self._text = self._text[self._at :] + self._decoder.decode(data, final=self._is_over)
        self._at = 0
        return not self._is_over

    def _error(self, reason: str, at: int | None = None) -> SourceError:
        before = self._text[self._at : at] if at is not None else ""
        position = self._position + len(before.encode("utf-8", "surrogateescape"))
        return self._bad.error(f"{reason} in the array", position, "first")


def _ignore(kind: str, start: int, reason: str) -> None:
    pass


__all__ = ["JsonReader"]
