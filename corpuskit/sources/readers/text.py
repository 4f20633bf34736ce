r"""Plain text: a file is one document, or a separator ends each document, or each line is one.

A document is taken as it is, its line ends too. A newline of a separator stands for a line's end: `\n` or
`\r\n`; in a file that has a `\r` and nowhere a `\n`, it is `\r`. A byte order mark at the beginning of a
file is left out. Empty documents are counted and left out, because they have no tokens.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from corpuskit.errors import ConfigError
from corpuskit.sources.base import Input, OnBadDocument, Shares, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs import characters
from corpuskit.sources.inputs.stream import InputStream, is_plain
from corpuskit.sources.inputs.utf8 import invalid_utf8, is_valid
from corpuskit.sources.option_names import refused
from corpuskit.sources.plain_text import PlainText
from corpuskit.sources.readers.base import BadDocuments, Reader
from corpuskit.sources.readers.cuts import cut, split_stream
from corpuskit.sources.readers.samples import characters_at, documents_at
from corpuskit.sources.readers.separator import Separator
from corpuskit.sources.readers.texts import batches, checked, without_empty

#: A document that is a whole file goes on in pieces of about this size.
PIECE_BYTES = 4 * 2**20
_READ_BYTES = 2**20
#: How much of a file's beginning is kept while its first newline is looked for; further on, it is read twice.
_PEEK_BYTES = 2**16


class _TextFile(PlainText):
    """A file of plain text; one document where nothing cuts it and its bytes are stored as they are."""

    def __init__(self, item: Input, reader: TextReader) -> None:
        self._item = item
        self._reader = reader
        self.is_one_document = reader.separator is None and is_plain(item)

    def window(self, start: int, stop: int) -> bytes:
        """The bytes of a range."""
        with InputStream(self._item, start=start, stop=stop) as stream:
            return b"".join(iter(lambda: stream.read(_READ_BYTES), b""))

    def count_characters(self) -> int:
        """The number of characters, decompressed."""
        with self._reader.open(self._item, Slice()) as stream:
            return characters.count_characters(stream)

    def character_offset(self, characters_before: int) -> int:
        """The byte offset of a character, decompressed."""
        with self._reader.open(self._item, Slice()) as stream:
            return characters.character_offset(self._item, stream, characters_before)


class TextReader(Reader):
    r"""Reads plain text.

    Options:
        separator: The text that ends each document; None for one document a file.
        lines: Each line is a document; `\n`, `\r\n` or, where that is what the file has, `\r` ends it.
    """

    OPTIONS: ClassVar[Mapping[str, Any]] = {**Reader.COMMON_OPTIONS, "separator": None, "lines": False}
    VERBATIM: ClassVar[bool] = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.piece_bytes = PIECE_BYTES
        separator = self.options["separator"]
        if separator is not None and self.options["lines"]:
            raise ConfigError("a text file is cut by a separator or by lines, not by both")
        if separator is not None and not (isinstance(separator, str) and separator):
            raise refused("separator", separator, "text of one or more characters")
        try:
            text = "\n" if self.options["lines"] else separator
            self.separator = Separator(text.encode()) if text else None
        except UnicodeEncodeError as error:
            raise refused("separator", separator, "valid Unicode") from error
        self._last_asked: tuple[Input | None, Separator | None] = (None, None)

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Ranges that end with a separator; a document that is a file stays whole."""
        if self.separator is None or not is_plain(item):
            return super().slices(item, target_bytes=target_bytes)
        separator = self._separator_in(item) if item.size_bytes > target_bytes else self.separator
        limit = self.options["max_document_bytes"]
        return cut(item, separator, target_bytes=target_bytes, max_document_bytes=limit)

    def num_records(self, item: Input, part: Slice) -> int | None:
        """One where a document that is a file begins; else it is not known."""
        return None if self.separator is not None else int(part.start == part.document_start)

    def places(self, item: Input, part: Slice, shares: Shares) -> Sequence[Slice] | None:
        """Whole documents, or whole characters of one that is a file; None in what is compressed."""
        if not is_plain(item):
            return None
        if self.separator is None:
            return characters_at(item, part, shares)
        limit = self.options["max_document_bytes"]
        return documents_at(item, self._separator_in(item), part, shares, max_document_bytes=limit)

    def plain_text(self, item: Input) -> PlainText:
        """The characters and bytes of an input."""
        return _TextFile(item, self)

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The documents of one slice.

        Where a file is one document, the slice may be any range of whole characters. What is longer than
        `PIECE_BYTES` comes in pieces that end on characters.
        """
        bad = self.policy(item, on_bad)
        if self.separator is None and bad.skips_invalid_utf8 and self._is_broken(item, part, bad):
            return
        with self.open(item, part) as stream:
            start = part.start or stream.skip_bom()
            if self.separator is None:
                yield from self._whole(stream, part, start, bad)
            else:
                separator = self._separator_in(item, None if part.start else stream)
                yield from self._separated(stream, separator, start, bad)

    def _separator_in(self, item: Input, stream: InputStream | None = None) -> Separator:
        """The separator with the line ends of an input; `stream` is at its beginning, if it is open."""
        assert self.separator is not None
        if not self.separator.has_line_end or (stream is not None and b"\n" in stream.peek(_PEEK_BYTES)):
            return self.separator
        if self._last_asked[0] != item:  # slices of one input are read one after the other
            with self.open(item, Slice()) as opened:
                old = _has_old_line_ends(opened)
            self._last_asked = (item, self.separator.with_carriage_returns() if old else self.separator)
        assert self._last_asked[1] is not None
        return self._last_asked[1]

    def _separated(
        self, stream: InputStream, separator: Separator, start: int, bad: BadDocuments
    ) -> Iterator[DocumentBatch]:
        for starts, texts, block, ended in split_stream(
            stream,
            separator,
            start=start,
            block_bytes=self.block_bytes,
            max_document_bytes=self.options["max_document_bytes"],
            too_long=bad.too_long,
        ):
            found = DocumentBatch(texts, starts)
            if block is None or not (block.isascii() or is_valid(block, final=block is texts[0])):
                found = checked(found, bad)
            for batch in batches(without_empty(found, bad)):
                batch.separated = ended
                yield batch
                del batch
            del starts, texts, block, found  # whose memory the next ones then take

    def _whole(
        self, stream: InputStream, part: Slice, start: int, bad: BadDocuments
    ) -> Iterator[DocumentBatch]:
        """One document, in pieces: each is held back until it is known whether it is the last."""
        document_start = max(part.document_start, start) if part.start == 0 else part.document_start
        held: bytes | None = None
        for piece in self._pieces(stream, start, bad):
            if held is not None:
                yield DocumentBatch([held], [document_start], continues=True)
            held = piece
        if held is None:
            bad.leave_out("empty", document_start, "an empty file")
        else:
            yield DocumentBatch([held], [document_start], continues=not part.ends_document)

    def _pieces(self, stream: InputStream, start: int, bad: BadDocuments) -> Iterator[bytes]:
        """The text of a range in valid pieces that end on characters."""
        at, carry = start, b""
        piece_bytes = min(self.piece_bytes, 4 * self.block_bytes)
        while data := stream.read(piece_bytes):
            at += len(data)
            data = carry + data
            carry = b""
            if not data.isascii():
                data, carry = _at_character(data)
                text = bad.utf8(data, at - len(data) - len(carry))
                if text is None:
                    raise AssertionError("a broken file is found before it is read in pieces")
                data = text
            if data:
                yield data
        if carry:
            text = bad.utf8(carry, at - len(carry))
            if text:
                yield text

    def _is_broken(self, item: Input, part: Slice, bad: BadDocuments) -> bool:
        """Whether a document that is a file is to be left out, which must be known before it begins."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        with self.open(item, part) as stream:
            at = part.start or stream.skip_bom()
            data = b"more"
            while data:
                data = stream.read(self.piece_bytes)
                pending = decoder.getstate()[0]
                try:
                    decoder.decode(data, final=not data)
                except UnicodeDecodeError as error:
                    reason = invalid_utf8(pending + data, error)
                    place = bad.place(at - len(pending), error.start)
                    bad.leave_out("invalid-utf8", part.document_start, f"{reason} {place}")
                    return True
                at += len(data)
        return False


def _has_old_line_ends(stream: InputStream) -> bool:
    """Whether the lines of a text end with carriage returns only: it has some, and not one newline."""
    found = False
    while data := stream.read(_PEEK_BYTES):
        if b"\n" in data:
            return False
        found = found or b"\r" in data
    return found


def _at_character(data: bytes) -> tuple[bytes, bytes]:
    """The bytes up to the last character that may be cut off, and the beginning of that one."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            width = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return (data[:-back], data[-back:]) if width > back else (data, b"")
        if byte < 0x80:
            break
    return data, b""


__all__ = ["PIECE_BYTES", "TextReader"]
