"""Samples of an input: small slices from all over it, or its beginning and how far into the file it reaches.

What can be cut anywhere is looked at in many places. What can only be read from its beginning (compressed
text, CSV, members of archives) is measured by its stored bytes: those that were read say which share of the
file the documents so far are.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from corpuskit.sources.base import Input, OnBadDocument, Sampled, Shares, Slice
from corpuskit.sources.inputs.archives import open_raw
from corpuskit.sources.inputs.stream import InputStream, text_bytes
from corpuskit.sources.readers.cuts import find_cut
from corpuskit.sources.readers.separator import Separator

if TYPE_CHECKING:
    from corpuskit.sources.readers.base import Reader

#: How much is read at once, so that the share that is read follows the documents closely.
SAMPLE_BLOCK_BYTES = 32 * 2**10


def sample(reader: Reader, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[Sampled]:
    """The documents of a slice, each batch with the share that is read by then; see `Source.sample`."""
    opened: list[InputStream] = []
    careful = copy.copy(reader)
    careful.block_bytes = min(reader.block_bytes, SAMPLE_BLOCK_BYTES)
    careful.on_open = opened.append
    stop = part.stop if part.stop is not None else max(text_bytes(item), 1)
    for batch in careful.read(item, part, on_bad):
        # Others were opened to look for something, and closed.
        stream = next((stream for stream in opened if not stream.closed), None)
        at: int | None = None
        if stream is not None:
            at = stream.stored_position()
        elif reader.COUNTS_ROWS and part.stop is not None and batch.starts:
            at = batch.starts[-1] + 1
        yield batch, None if at is None else min((at - part.start) / max(stop - part.start, 1), 1.0)


def documents_at(
    item: Input,
    separator: Separator,
    part: Slice,
    shares: Shares,
    *,
    max_document_bytes: int,
) -> list[Slice]:
    """The documents that start in some shares of a range of a plain input; an empty slice where none does."""
    end = item.size_bytes if part.stop is None else part.stop
    scan_bytes = max_document_bytes + 2 * separator.max_bytes
    slices = []
    with contextlib.closing(open_raw(item)) as file:
        for first, last in _in_bytes(part, end, shares):
            start: int | None = first
            if first > part.start:
                start = find_cut(file, separator, base=part.start, near=first, scan_bytes=last - first + 1)
            if start is None or start >= last:
                slices.append(Slice(first, first, document_start=first))
                continue
            stop = find_cut(file, separator, base=start, near=last, scan_bytes=scan_bytes)
            stop = end if stop is None else min(stop, end)
            slices.append(Slice(start, stop, stop - start, document_start=start))
    return slices


def characters_at(item: Input, part: Slice, shares: Shares) -> list[Slice]:
    """Shares of a plain input that is one document, beginning and ending where characters do."""
    end = item.size_bytes if part.stop is None else part.stop
    slices = []
    with contextlib.closing(open_raw(item)) as file:

        def aligned(at: int) -> int:
            if at in (part.start, end):
                return at
            file.seek(at)
            head = file.read(4)
            return at + len(head) - len(head.lstrip(_CONTINUATION))

        for first, last in _in_bytes(part, end, shares):
            start, stop = aligned(first), aligned(last)
            slices.append(Slice(start, stop, stop - start, part.document_start, ends_document=stop == end))
    return slices


#: The bytes that a character of UTF-8 goes on with.
_CONTINUATION = bytes(range(0x80, 0xC0))


def _in_bytes(part: Slice, end: int, shares: Shares) -> Sequence[tuple[int, int]]:
    size = end - part.start
    return [(part.start + int(first * size), part.start + int(last * size)) for first, last in shares]


__all__ = ["SAMPLE_BLOCK_BYTES", "characters_at", "documents_at", "sample"]
