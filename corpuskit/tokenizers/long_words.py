"""Words as long as books: text without a safe place, in time linear in its length and with the same ids.

A pattern makes one word of a run of spaces, letters or punctuation, however long it is, and tiktoken merges
its byte pairs in a heap: 0.2 microseconds a byte where the word is short, 1 and more in one of megabytes.
Here such a word is encoded in pieces, whose ids are joined where that is proven to be right:

    A sequence of tokens is the encoding of a word if and only if, for each two neighbours, it is the encoding
    of both together.

Merging takes the pair of the lowest rank, the leftmost of equals, whatever is around it. (If) Let a merge in
the whole word be the first one across the border of two of the tokens. All merges before it were inside of
tokens, and those inside these two are what merging both alone does as well. There, the same pair is the
lowest too, so both alone would merge across their border, which contradicts. (Only if) Nothing merged across
the outer borders of two neighbours, so that the merges inside are those of both alone.

Inside a piece the neighbours are right, because tiktoken made them. So only the two tokens at each border are
encoded once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tiktoken import Encoding

#: A longer word is encoded in pieces of so many bytes.
_PIECE_BYTES = 1 << 14
#: So many tokens before a piece's end are encoded again with what follows, and as many more where that is not
#: enough: the end of a piece is not the end of a word.
_AGAIN = 8


class _Core(Protocol):
    """What of tiktoken does the work."""

    def encode_single_piece(self, word: bytes, /) -> list[int]: ...

    def decode_single_token_bytes(self, token: int, /) -> bytes: ...


#: Of each ASCII code, which kind of run it belongs to: letters, digits, white space, or the rest. A word is a
#: run of one kind with at most one character before it, or punctuation and the line ends that follow.
_KIND = np.full(256, 3, np.uint8)
_KIND[list(range(0x41, 0x5B)) + list(range(0x61, 0x7B))] = 0
_KIND[list(range(0x30, 0x3A))] = 1
_KIND[[0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x1F, 0x20]] = 2


def may_have_long_word(text: bytes) -> bool:
    """Whether some word of a text may be too long to be encoded whole; 2 ms for each MB.

    Args:
        text: ASCII text, not empty.
    """
    kinds = _KIND[np.frombuffer(text, np.uint8)]
    borders = np.flatnonzero(kinds[1:] != kinds[:-1])
    longest = int(np.diff(borders, prepend=-1, append=len(text) - 1).max())
    return longest > _PIECE_BYTES // 2


class LongWords:
    """Encodes ASCII text that has long words; other text has classes of characters that versions disagree on.

    Args:
        encoding: The encoding that tiktoken opened.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._core: _Core = encoding._core_bpe
        self._pattern_text = encoding._pat_str

    def encode(self, text: bytes) -> NDArray[np.uint32]:
        """The ids of a text, uint32[N]."""
        import regex

        arrays: list[NDArray[np.uint32]] = []
        short: list[int] = []
        for found in regex.finditer(self._pattern_text, text.decode("ascii")):
            word = text[found.start() : found.end()]
            if len(word) <= _PIECE_BYTES:
                short += self._core.encode_single_piece(word)
            else:
                arrays += [np.array(short, np.uint32), np.array(self.encode_word(word), np.uint32)]
                short = []
        return np.concatenate([*arrays, np.array(short, np.uint32)])

    def encode_word(self, word: bytes) -> list[int]:
        """The ids of one piece of the pattern; one that cannot be cut is encoded whole."""
        ids: list[int] = []
        start, room, count = 0, 0, _AGAIN
        while start < len(word):
            stop = min(start + _PIECE_BYTES, len(word))
            piece = self._core.encode_single_piece(word[start:stop])
            if not ids or self._are_neighbours(ids[-1], piece[0]):
                # No more than half of a piece is encoded again, so that each one gets further.
                start, room, count = stop, _PIECE_BYTES // 2, _AGAIN
                ids += piece
                if start == len(word):
                    return ids
                dropped = self._drop(ids, count, room)
            elif not (dropped := self._drop(ids, count, room)):
                return self._core.encode_single_piece(word)
            start, room, count = start - dropped, room - dropped, 2 * count
        return ids

    def _drop(self, ids: list[int], count: int, most_bytes: int) -> int:
        """Take off some last ids, but not all, that stand for so many bytes at most; returns how many."""
        dropped = 0
        for _ in range(min(count, len(ids) - 1)):
            size_bytes = len(self._core.decode_single_token_bytes(ids[-1]))
            if dropped + size_bytes > most_bytes:
                break
            ids.pop()
            dropped += size_bytes
        return dropped

    def _are_neighbours(self, one: int, other: int) -> bool:
        """Whether two tokens are the encoding of both together."""
        both = self._core.decode_single_token_bytes(one) + self._core.decode_single_token_bytes(other)
        return self._core.encode_single_piece(both) == [one, other]


__all__ = ["LongWords", "may_have_long_word"]
