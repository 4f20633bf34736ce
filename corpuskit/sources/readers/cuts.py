r"""Documents that a byte string separates: where a file may be cut, and what is between the cuts.

A separator ends a document, so a file that ends with one has no empty document after it. One that can overlap
itself (two newlines among three) is only cut at where no earlier occurrence overlaps it: there, every way of
counting agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableSequence
from typing import NamedTuple

from corpuskit.sources.base import Input, Slice
from corpuskit.sources.inputs.archives import open_raw
from corpuskit.sources.inputs.compression import ByteStream, SeekableStream
from corpuskit.sources.readers.separator import Separator, document_starts

_SCAN_BYTES = 64 * 1024
#: With documents of more than this on average, looking for separators one by one is faster than splitting: it
#: runs at 5 GB/s and more instead of 1.5, but costs 0.2 us a document.
_LONG_DOCUMENT_BYTES = 512

#: Ends lines where nothing but a newline does.
NEWLINE = Separator(b"\n", exact=True)


class Documents(NamedTuple):
    """Neighbouring documents of a range.

    Args:
        starts: Where each starts.
        texts: The documents.
        block: The bytes that they were cut from, with perhaps the beginning of the next one; of a document
            that was read on its own, the very same object. None for bytes that were never in one piece, which
            saves a copy where documents are long.
        ended: Whether a separator follows the last one; at the end of a file there may be none.
    """

    starts: MutableSequence[int]
    texts: list[bytes]
    block: bytes | None
    ended: bool = True


def split_stream(
    stream: ByteStream,
    separator: Separator,
    *,
    start: int,
    block_bytes: int,
    max_document_bytes: int,
    too_long: Callable[[int], None],
) -> Iterator[Documents]:
    """The documents of a range, a block at a time.

    Args:
        stream: The bytes of a range.
        separator: What ends each document.
        start: Where the range begins; a document begins there.
        block_bytes: How much to read at once.
        max_document_bytes: A longer document is none; it costs no more memory than twice this.
        too_long: Called with where such a document starts; where it does not raise, the document is left out.
    """
    splitter = _Splitter(separator, start, block_bytes, max_document_bytes, too_long)
    while data := stream.read(block_bytes):
        yield from splitter.feed(data)
    yield from splitter.finish()


class _Splitter:
    """Splits bytes as they come; keeps the beginning of a document that is not over."""

    def __init__(
        self,
        separator: Separator,
        start: int,
        block_bytes: int,
        max_document_bytes: int,
        too_long: Callable[[int], None],
    ) -> None:
        self._separator = separator
        self._block_bytes = block_bytes
        self._max_document_bytes = max_document_bytes
        self._too_long = too_long
        self._position = self._at = start  # of the document that is being read, and of what is read next
        self._held = [b""]  # what there is of that document
        self._is_long = self._is_dropped = False  # whether it is longer than a block, and than is allowed
        self._tail = b""  # the end of one that is
        self._long_documents = False

    def feed(self, data: bytes) -> Iterator[Documents]:
        """The documents that end in the next bytes."""
        self._at += len(data)
        if self._at - len(data) - self._position >= self._block_bytes:
            # A long document: look at new bytes only, or its length would count twice.
            found = self._end_of_long(data)
            if found is None:
                self._hold(data)
                return
            yield from self._finish_long(data, *found)
            data = data[found[1] :]
        texts, starts, block = self._split(self._held[0], data)
        size_bytes = len(self._held[0]) + len(data)
        self._long_documents = size_bytes > _LONG_DOCUMENT_BYTES * len(texts)
        self._held = [texts.pop()]
        self._position = starts.pop()
        yield from self._allowed(Documents(starts, texts, block), size_bytes)

    def finish(self) -> Iterator[Documents]:
        """The document that the end of the range ends, if there is one."""
        if self._at > self._position and not self._is_dropped:
            last = b"".join(self._held)
            yield from self._allowed(Documents([self._position], [last], last, ended=False), len(last))

    def _split(self, held: bytes, data: bytes) -> tuple[list[bytes], MutableSequence[int], bytes | None]:
        """Documents, the last of which is open, their starts, and the block that they are from."""
        separator = self._separator
        if self._long_documents and separator.is_plain_in(separator.tail(held), data):
            texts = _split_after(held, data, separator)
            return texts, document_starts(texts, self._position, len(separator.text)), None
        block = held + data
        return *separator.split(block, self._position), block

    def _end_of_long(self, data: bytes) -> tuple[int, int] | None:
        """Where in `data` the separator of a document that is longer than a block begins and ends."""
        separator = self._separator
        if not self._is_long:
            self._is_long, self._tail = True, separator.tail(self._held[0])
        found = separator.search_after(self._tail, data)
        self._tail = separator.tail(self._tail + separator.tail(data))
        return found

    def _hold(self, data: bytes) -> None:
        """Keep a piece of a long document, unless it is known to be too long."""
        self._held.append(data)
        if not self._is_dropped and self._at - self._position > (
            self._max_document_bytes + self._separator.max_bytes
        ):
            self._is_dropped = True
            self._too_long(self._position)
        if self._is_dropped:
            self._held = []

    def _finish_long(self, data: bytes, begin: int, end: int) -> Iterator[Documents]:
        """The long document whose separator begins and ends at these places of `data`."""
        pieces, dropped, start = [*self._held, data[: max(begin, 0)]], self._is_dropped, self._position
        self._position = self._at - len(data) + end
        self._held, self._is_long, self._is_dropped = [b""], False, False
        if dropped:
            return
        document = b"".join(pieces)
        del pieces
        document = document[:begin] if begin < 0 else document
        yield from self._allowed(Documents([start], [document], document), len(document))

    def _allowed(self, found: Documents, size_bytes: int) -> Iterator[Documents]:
        """Those of the documents, which have so many bytes together, that are not too long."""
        limit = self._max_document_bytes
        if size_bytes > limit and any(len(text) > limit for text in found.texts):
            kept = []
            for start, text in zip(found.starts, found.texts, strict=True):
                if len(text) > limit:
                    self._too_long(start)
                else:
                    kept.append((start, text))
            found = Documents([start for start, _ in kept], [text for _, text in kept], None, found.ended)
        if found.texts:
            yield found


def _split_after(held: bytes, data: bytes, separator: Separator) -> list[bytes]:
    """`(held + data).split(text)`, for a separator that is rare in the data and not in what is held."""
    found = separator.search_after(separator.tail(held), data)
    if found is None:
        return [held + data]
    begin, end = found
    first = (held + data[:begin]) if begin >= 0 else held[:begin]
    return [first, *separator.split_rarely(data, end)]


def cut(item: Input, separator: Separator, *, target_bytes: int, max_document_bytes: int) -> list[Slice]:
    """Byte ranges of about `target_bytes` that end on document boundaries.

    Only the neighbourhood of each cut is read.

    Args:
        item: A plain input.
        separator: What ends each document.
        target_bytes: About how large a range should be.
        max_document_bytes: How far to look for a separator before leaving the rest in one piece.
    """
    size = item.size_bytes
    count = max(1, round(size / target_bytes))
    scan_bytes = max_document_bytes + 2 * separator.max_bytes
    cuts = [0]
    if count > 1:
        file = open_raw(item)
        try:
            for near in (size * number // count for number in range(1, count)):
                if near > cuts[-1]:
                    found = find_cut(file, separator, base=cuts[-1], near=near, scan_bytes=scan_bytes)
                    if found is None or found >= size:
                        break
                    cuts.append(found)
        finally:
            file.close()
    ends = [*cuts[1:], size]
    return [
        Slice(start, None if stop == size else stop, stop - start, document_start=start)
        for start, stop in zip(cuts, ends, strict=True)
    ]


def find_cut(
    file: SeekableStream, separator: Separator, *, base: int, near: int, scan_bytes: int
) -> int | None:
    """The first place at or after `near` where surely a document begins.

    Args:
        file: The input's bytes.
        separator: What ends each document.
        base: A place before `near` where a document begins.
        near: Where to look.
        scan_bytes: How far to look.
    """
    width = separator.max_bytes
    read_to = first = max(base, near - 2 * width)
    file.seek(first)
    previous_end: int | None = None
    window = b""
    while read_to - first < scan_bytes and (data := file.read(_SCAN_BYTES)):
        window = separator.tail(window) + data
        read_to += len(data)
        window_at = read_to - len(window)
        found = separator.search(window)
        while found is not None:
            begin, end = window_at + found[0], window_at + found[1]
            alone = previous_end is None or previous_end <= begin
            seen = begin - first >= width - 1 or first == base  # an earlier overlapping one would be known
            if end >= near and (not separator.overlaps or (alone and seen)):
                return end
            previous_end = end
            found = separator.search(window, separator.next_start(window, found[0]))
    return None


__all__ = ["NEWLINE", "Documents", "cut", "find_cut", "split_stream"]
