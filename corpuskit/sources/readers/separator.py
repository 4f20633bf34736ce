r"""What ends a document in a text file, and where it is in a block of bytes.

A newline of a separator stands for a line's end, which is `\n` or `\r\n`; carriage returns elsewhere are
text. In a file of the old kind, which has carriage returns and no `\n` at all, lines end with `\r`.
Separators are found from left to right without overlap, as `bytes.split` does.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import MutableSequence

import numpy as np

_CR = 13


class Separator:
    r"""A byte string that ends documents.

    Args:
        text: One or more bytes.
        exact: Whether a newline of it is `\n` only.

    Attributes:
        text: Its bytes; a line's end is `\n` unless it is exact.
        max_bytes: The size of its longest occurrence.
        overlaps: Whether two occurrences can overlap, as two newlines do in three.
        has_line_end: Whether it has a line's end in it, which is another in other files.
    """

    def __init__(self, text: bytes, *, exact: bool = False) -> None:
        self.text = text if exact else text.replace(b"\r\n", b"\n")
        self.has_line_end = not exact and b"\n" in self.text
        self.max_bytes = len(self.text) + (self.text.count(b"\n") if self.has_line_end else 0)
        self.overlaps = any(self.text.startswith(self.text[i:]) for i in range(1, len(self.text)))
        self._pattern = re.compile(re.escape(self.text))
        self._may_begin_with_cr = self.has_line_end and self.text.startswith(b"\n")
        if self.has_line_end:
            first, *others = (re.escape(piece) for piece in self.text.split(b"\n"))
            # A search for a byte is faster than one for a choice: a first \r is looked for afterwards.
            first += b"\n" if self._may_begin_with_cr else b"\r?\n"
            self._pattern = re.compile(first + b"\r?\n".join(others))

    def with_carriage_returns(self) -> Separator:
        r"""The same for a file whose lines end with `\r`."""
        return Separator(self.text.replace(b"\n", b"\r"), exact=True)

    def search(self, data: bytes, start: int = 0) -> tuple[int, int] | None:
        """Where the first occurrence that begins at `start` or later begins and ends."""
        if not self.has_line_end:
            at = data.find(self.text, start)
            return None if at < 0 else (at, at + len(self.text))
        found = self._pattern.search(data, start)
        return None if found is None else (self._begin(data, found.start(), start), found.end())

    def split(self, block: bytes, first: int) -> tuple[list[bytes], MutableSequence[int]]:
        """What is between occurrences, as `bytes.split` gives it, and where each piece starts.

        Args:
            block: The bytes.
            first: Where the block starts.
        """
        if self.has_line_end and b"\r" in block:
            split = self._split_lines if self.text == b"\n" else self._split_mixed
            return split(block, first)
        documents = block.split(self.text)
        return documents, document_starts(documents, first, len(self.text))

    def is_plain_in(self, tail: bytes, data: bytes) -> bool:
        """Whether every occurrence in bytes and what was just before them is the text itself."""
        return not self.has_line_end or (b"\r" not in data and b"\r" not in tail)

    def next_start(self, data: bytes, begin: int) -> int:
        """Where to search for an occurrence that may overlap the one that begins there."""
        return begin + 1 + (self._may_begin_with_cr and data[begin] == _CR)

    def tail(self, data: bytes) -> bytes:
        """The last bytes, in which an occurrence may have begun that is not over yet."""
        return data[len(data) - min(self.max_bytes - 1, len(data)) :]

    def search_after(self, tail: bytes, data: bytes) -> tuple[int, int] | None:
        """Where the first occurrence begins and ends, in offsets into `data`.

        Args:
            tail: What `tail` gave of the bytes before; it has no whole occurrence.
            data: What follows; an occurrence may have begun before it.
        """
        found = self.search(tail + data[: self.max_bytes - 1])
        if found is not None:
            return found[0] - len(tail), found[1] - len(tail)
        return self.search(data)

    def split_rarely(self, block: bytes, start: int) -> list[bytes]:
        """`block[start:].split(text)`, for an occurrence that is rare in the block and always the text."""
        parts, text = [], self.text
        if len(text) == 1:
            while (at := block.find(text, start)) >= 0:
                parts.append(block[start:at])
                start = at + 1
        else:
            for at in _places_of_pair(block, text[:2]):
                if at >= start and block.startswith(text, at):
                    parts.append(block[start:at])
                    start = at + len(text)
        parts.append(block[start:])
        return parts

    def _split_lines(self, block: bytes, first: int) -> tuple[list[bytes], MutableSequence[int]]:
        *lines, last = block.split(b"\n")
        starts = document_starts([*lines, last], first, 1)
        return [*(line.removesuffix(b"\r") for line in lines), last], starts

    def _split_mixed(self, block: bytes, first: int) -> tuple[list[bytes], MutableSequence[int]]:
        documents, starts, at = [], [first], 0
        for found in self._pattern.finditer(block):
            documents.append(block[at : self._begin(block, found.start(), at)])
            at = found.end()
            starts.append(first + at)
        documents.append(block[at:])
        return documents, starts

    def _begin(self, data: bytes, found: int, least: int) -> int:
        """Where an occurrence begins whose first line's end has its newline at `found`."""
        return found - (self._may_begin_with_cr and found > least and data[found - 1] == _CR)


def document_starts(documents: list[bytes], first: int, separator_bytes: int) -> array[int]:
    """Where each document of a block starts, given where the first does."""
    lengths = np.fromiter(map(len, documents), np.int64, len(documents))
    lengths += separator_bytes
    starts = np.cumsum(lengths)
    starts += first - lengths
    return array("q", starts.tobytes())


def _places_of_pair(block: bytes, pair: bytes) -> list[int]:
    """Where two bytes stand one after the other, ascending."""
    wanted = np.frombuffer(pair, np.uint16)
    found: list[int] = []
    for offset in (0, 1) if len(block) > 1 else ():
        pairs = np.frombuffer(block, np.uint16, (len(block) - offset) // 2, offset)
        found += (2 * np.flatnonzero(pairs == wanted) + offset).tolist()
    return sorted(found)
