r"""Documents that a byte string separates: where a file may be cut, and what is between the cuts.

A separator ends a document, so a file that ends with one has no empty document after it. Separators are
found from left to right without overlap, as `bytes.split` does. One that can overlap itself (two newlines
among three) is only cut at where no earlier occurrence overlaps it: there, every way of counting agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from corpuskit.sources.base import Input, Slice
from corpuskit.sources.compression import ByteStream, SeekableStream
from corpuskit.sources.stored import open_raw

_SCAN_BYTES = 64 * 1024
#: With documents of more than this on average, looking for separators one by one is faster than splitting: it
#: runs at 5 GB/s and more instead of 1.5, but costs 0.2 us a document.
_LONG_DOCUMENT_BYTES = 512


def split_stream(
    stream: ByteStream,
    separator: bytes,
    *,
    start: int,
    block_bytes: int,
    max_document_bytes: int,
    too_long: Callable[[int], Exception],
) -> Iterator[tuple[int, list[bytes], bytes | None]]:
    """The documents of a range, a block at a time.

    Args:
        stream: The bytes of a range.
        separator: What ends each document.
        start: Where the range begins; a document begins there.
        block_bytes: How much to read at once.
        max_document_bytes: A longer document is an error; it costs no more memory than twice this.
        too_long: Makes that error from where the document starts.

    Yields:
        Where the first document starts, the documents (each followed by one separator in the input), and
        the bytes that they were cut from, with perhaps the beginning of the next one; of a document that was
        read on its own, the very same object. None instead of bytes that were never in one piece, which saves
        a copy where documents are long.
    """
    position = at = start  # of the document that is being read, and of what is read next
    held = [b""]  # what there is of that document
    long_documents = False
    tail = b""  # the end of it
    while data := stream.read(block_bytes):
        at += len(data)
        if at - len(data) - position >= block_bytes:
            # A long document: look at new bytes only, or its length would count twice.
            if len(held) == 1:
                tail = _tail(held[0], separator)
            end = _end_of_separator(tail, data, separator)
            tail = _tail(tail + data, separator)
            if end is None:
                held.append(data)
                if at - position > max_document_bytes + len(separator):
                    raise too_long(position)
                continue
            long = b"".join([*held, data[:end]])
            data, held = data[end:], [b""]
            document = long[: -len(separator)]
            if len(document) > max_document_bytes:
                raise too_long(position)
            yield position, [document], document
            position += len(long)
            del long, document
        block = None if long_documents else held[0] + data
        documents = _split_after(held[0], data, separator) if block is None else block.split(separator)
        size_bytes = len(held[0]) + len(data)
        long_documents = size_bytes > _LONG_DOCUMENT_BYTES * len(documents)
        held = [documents.pop()]
        if size_bytes > max_document_bytes:
            _check_lengths(documents, position, separator, max_document_bytes, too_long)
        if documents:
            yield position, documents, block
        position = at - len(held[0])
    if at > position:
        last = b"".join(held)
        if len(last) > max_document_bytes:
            raise too_long(position)
        yield position, [last], last


def _split_after(held: bytes, data: bytes, separator: bytes) -> list[bytes]:
    """`(held + data).split(separator)`, for a separator that is rare in the data and not in what is held."""
    end = _end_of_separator(_tail(held, separator), data, separator)
    if end is None:
        return [held + data]
    return [(held + data[:end])[: -len(separator)], *_split_rarely(data, separator, end)]


def _split_rarely(block: bytes, separator: bytes, start: int) -> list[bytes]:
    """`block[start:].split(separator)`, for a separator that is rare in the block."""
    parts = []
    if len(separator) == 1:
        while (at := block.find(separator, start)) >= 0:
            parts.append(block[start:at])
            start = at + 1
    else:
        for at in _places_of_pair(block, separator[:2]):
            if at >= start and block.startswith(separator, at):
                parts.append(block[start:at])
                start = at + len(separator)
    parts.append(block[start:])
    return parts


def _places_of_pair(block: bytes, pair: bytes) -> list[int]:
    """Where two bytes stand one after the other, ascending."""
    wanted = np.frombuffer(pair, np.uint16)
    found: list[int] = []
    for offset in (0, 1) if len(block) > 1 else ():
        pairs = np.frombuffer(block, np.uint16, (len(block) - offset) // 2, offset)
        found += (2 * np.flatnonzero(pairs == wanted) + offset).tolist()
    return sorted(found)


def document_starts(documents: list[bytes], first: int, separator_bytes: int) -> list[int]:
    """Where each document of a block starts, given where the first does."""
    lengths = np.fromiter(map(len, documents), np.int64, len(documents))
    lengths += separator_bytes
    starts = np.cumsum(lengths)
    starts += first - lengths
    found: list[int] = starts.tolist()
    return found


def cut(item: Input, separator: bytes, *, target_bytes: int, scan_bytes: int) -> list[Slice]:
    """Byte ranges of about `target_bytes` that end on document boundaries.

    Only the neighbourhood of each cut is read.

    Args:
        item: A plain input.
        separator: What ends each document.
        target_bytes: About how large a range should be.
        scan_bytes: How far to look for a separator before leaving the rest in one piece.
    """
    size = item.size_bytes
    count = max(1, round(size / target_bytes))
    cuts = [0]
    if count > 1:
        file = open_raw(item)
        try:
            for near in (size * number // count for number in range(1, count)):
                if near > cuts[-1]:
                    found = _find_cut(file, separator, base=cuts[-1], near=near, scan_bytes=scan_bytes)
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


def _find_cut(file: SeekableStream, separator: bytes, *, base: int, near: int, scan_bytes: int) -> int | None:
    """The first place at or after `near` where surely a document begins.

    Args:
        file: The input's bytes.
        separator: What ends each document.
        base: A place before `near` where a document begins.
        near: Where to look.
        scan_bytes: How far to look.
    """
    width = len(separator)
    overlaps = any(separator.startswith(separator[i:]) for i in range(1, width))
    read_to = first = max(base, near - 2 * width)
    file.seek(first)
    previous: int | None = None
    window = b""
    while read_to - first < scan_bytes and (data := file.read(_SCAN_BYTES)):
        window = _tail(window, separator) + data
        read_to += len(data)
        found = window.find(separator)
        while found >= 0:
            at = read_to - len(window) + found
            alone = previous is None or at - previous >= width
            seen = at - first >= width - 1 or first == base  # an earlier overlapping one would be known
            if at + width >= near and (not overlaps or (alone and seen)):
                return at + width
            previous = at
            found = window.find(separator, found + 1)
    return None


def _tail(data: bytes, separator: bytes) -> bytes:
    """The last bytes, in which a separator may have begun that is not over yet."""
    return data[len(data) - min(len(separator) - 1, len(data)) :]


def _end_of_separator(tail: bytes, data: bytes, separator: bytes) -> int | None:
    """Where in `data` the first separator ends, which may have begun in the tail before."""
    width = len(separator)
    if (found := (tail + data[: width - 1]).find(separator)) >= 0:
        return found - len(tail) + width
    return None if (found := data.find(separator)) < 0 else found + width


def _check_lengths(
    documents: list[bytes],
    position: int,
    separator: bytes,
    max_document_bytes: int,
    too_long: Callable[[int], Exception],
) -> None:
    for document in documents:
        if len(document) > max_document_bytes:
            raise too_long(position)
        position += len(document) + len(separator)
