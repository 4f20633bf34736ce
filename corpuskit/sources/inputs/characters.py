"""Counting characters in text files without decoding them: for splits by characters.

A character is a byte that does not continue one, so counting is a sum over bytes. A byte order mark does not
count. Texts are taken to be valid UTF-8, which reading them checks.
"""

from __future__ import annotations

import numpy as np

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input
from corpuskit.sources.inputs.stream import InputStream

_BLOCK_BYTES = 2**20
_FIRST_OF_CHARACTER = -64  # as int8, bytes that continue a character are -128 .. -65


def count_characters(stream: InputStream) -> int:
    """The number of characters of a text, read once in bounded memory."""
    count = 0
    stream.skip_bom()
    while block := stream.read(_BLOCK_BYTES):
        count += _count(block)
    return count


def character_offset(item: Input, stream: InputStream, characters: int) -> int:
    """Where a character of a text input begins.

    Args:
        item: The input, for messages.
        stream: All of it.
        characters: The number of characters before it, 0 or more.

    Returns:
        A byte offset into the decompressed input, as `Slice.start` counts; its end for as many characters as
        there are.

    Raises:
        SourceError: If the input has fewer characters.
    """
    at, left = stream.skip_bom(), characters
    while left and (block := stream.read(_BLOCK_BYTES)):
        count = _count(block)
        if left < count:
            firsts = np.flatnonzero(np.frombuffer(block, np.int8) >= _FIRST_OF_CHARACTER)
            return at + int(firsts[left])
        left -= count
        at += len(block)
        if not left:
            return at + _count_continuing(stream)
    if left:
        raise SourceError(
            f"{item.name}: has {characters - left:,} characters, fewer than {characters:,}",
            path=item.name,
            expected=characters,
            found=characters - left,
        )
    return at


def _count(block: bytes) -> int:
    if block.isascii():
        return len(block)
    return int(np.count_nonzero(np.frombuffer(block, np.int8) >= _FIRST_OF_CHARACTER))


def _count_continuing(stream: InputStream) -> int:
    """How many of the next bytes go on with the last character."""
    count = 0
    while (byte := stream.read(1)) and 0x80 <= byte[0] < 0xC0:
        count += 1
    return count
