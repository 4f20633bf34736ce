"""Words as long as books: text without a safe place, in time linear in its length and with the same ids.

A pattern makes one word of a run of spaces, letters or punctuation, however long it is, and tiktoken merges
its byte pairs in a heap: 0.2 microseconds a byte where the word is short, 1 and more in one of megabytes. Here
such a word is encoded in pieces, whose ids are joined where that is proven to be right:

    A sequence of tokens is the encoding of a word if and only if, for each two neighbours, it is the encoding
    of both together.

Merging takes the pair of the lowest rank, the leftmost of equals, whatever is around it. (If) Let a merge in
the whole word be the first one across the border of two of the tokens. All merges before it were inside of
tokens, and those inside these two are what merging both alone does as well. There, the same pair is the lowest
too, so both alone would merge across their border, which contradicts. (Only if) Nothing merged across the
outer borders of two neighbours, so that the merges inside are those of both alone.

Inside a piece the neighbours are right, because tiktoken made them. So only the two tokens at each border are
encoded once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tiktoken import Encoding

#: A longer word is encoded in pieces of so many bytes.
_PIECE_BYTES = 1 << 14
#: So many tokens before a piece's end are encoded again with what follows, and as many more where that is not
#: enough: the end of a piece is not the end of a word.
_AGAIN = 8


class LongWords:
    """Encodes ASCII text that has long words; other text has classes of characters that versions disagree on.

    Args:
        encoding: tiktoken's encoding.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._core = encoding._core_bpe
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
        """The ids of one piece of the pattern."""
        ids: list[int] = []
        start = again = 0
        while start < len(word):
            piece = self._core.encode_single_piece(word[start : start + _PIECE_BYTES])
            if ids and not self._are_neighbours(ids[-1], piece[0]):
                again += _AGAIN
                if again * 2 > len(ids):
                    return self._core.encode_single_piece(word)
                start -= self._drop(ids, again)
                continue
            start, again = start + _PIECE_BYTES, 0
            ids += piece
            if start < len(word):
                start -= self._drop(ids, _AGAIN)
        return ids

    def _drop(self, ids: list[int], count: int) -> int:
        """Take off the last ids; returns how many bytes they stand for."""
        dropped = sum(len(self._core.decode_single_token_bytes(token)) for token in ids[-count:])
        del ids[-count:]
        return dropped

    def _are_neighbours(self, one: int, other: int) -> bool:
        """Whether two tokens are the encoding of both together."""
        both = self._core.decode_single_token_bytes(one) + self._core.decode_single_token_bytes(other)
        return self._core.encode_single_piece(both) == [one, other]


__all__ = ["LongWords"]
