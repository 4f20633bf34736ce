"""One id for each character of the corpus, in the order of their code points."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import TokenizerError
from corpuskit.tokenizers.base import Encoded, Tokenizer, character_start, lone_surrogate

_NUM_CODE_POINTS = 0x110000
#: What the lookup table says of a character that the corpus does not have.
_UNKNOWN = np.uint32(0xFFFFFFFF)
#: Bytes that are turned into code points (four bytes each) at once, to bound memory.
_PIECE_BYTES = 1 << 20


class CharTokenizer(Tokenizer):
    """Characters as ids: the smallest code point of the corpus is 0, the next one 1, and so on.

    Args:
        name: What users type.
        argument: What followed the name after a colon; this tokenizer takes none.
        state: The characters in order, as `state()` gives them; None for one that is still to be fitted.

    Raises:
        TokenizerError: If there is an argument, or the state is not distinct characters in order.
    """

    needs_fitting = True

    def __init__(self, *, name: str = "chars", argument: str | None = None, state: Any = None) -> None:
        if argument is not None:
            raise TokenizerError(f"tokenizer {name!r} takes no argument, found {argument!r}", found=argument)
        self.name = name
        self.vocab_size = 0
        if state is not None:
            if not isinstance(state, str) or not _in_order(state):
                raise TokenizerError(
                    f"tokenizer {name!r}: its saved state must be the characters in order, each once, "
                    f"found {state!r:.60}",
                    found=state,
                )
            self._set_characters(_code_points(state))

    @property
    def fingerprint(self) -> str:
        """A sha256 over the characters in order."""
        return hashlib.sha256(b"corpuskit chars 1\n" + self.state().encode()).hexdigest()

    def fit(self, texts: Iterable[bytes]) -> None:
        """Make the vocabulary from the corpus's text, read once and kept nowhere.

        Raises:
            TokenizerError: If there is not a single character.
        """
        seen = np.zeros(_NUM_CODE_POINTS, np.bool_)
        for text in texts:
            for piece in _pieces(text):
                seen[_code_points(piece.decode())] = True
        characters = np.flatnonzero(seen).astype(np.uint32)
        if not characters.size:
            raise TokenizerError(f"tokenizer {self.name!r}: the corpus has no characters to make ids of")
        self._set_characters(characters)

    def state(self) -> str:
        """The characters in the order of their ids."""
        return self._fitted().tobytes().decode("utf-32-le")

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The characters' ids, uint32[N].

        Raises:
            TokenizerError: If the corpus that the vocabulary was made from lacks a character of the text.
        """
        return self._look_up(_code_points(text))

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of many texts at once."""
        joined = b"".join(texts)
        # As many ids as bytes at most; pages that are never written cost no memory.
        ids = np.empty(len(joined), np.uint32)
        num_ids = 0
        for piece in _pieces(joined):
            found = self._look_up(_code_points(piece.decode()))
            ids[num_ids : num_ids + len(found)] = found
            num_ids += len(found)
        return Encoded(ids[:num_ids], _count_characters(joined, texts))

    def decode_bytes(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> bytes:
        """The characters in UTF-8."""
        values = np.asarray(ids, dtype=np.int64)
        wrong = values[(values < 0) | (values >= len(self._fitted()))]
        if wrong.size:
            raise TokenizerError(
                f"tokenizer {self.name!r}: id {wrong[0]} is not in [0, {self.vocab_size - 1}]",
                found=int(wrong[0]),
            )
        return self._fitted()[values].tobytes().decode("utf-32-le").encode()

    def token_bytes(self) -> Sequence[bytes]:
        """Each character in UTF-8."""
        return [character.encode() for character in self.state()]

    def boundary(self, text: bytes, at: int) -> int:
        """`at`, or the start of the character that it is inside of."""
        return character_start(text, at)

    def _set_characters(self, characters: NDArray[np.uint32]) -> None:
        self._characters = characters
        self._id_of = np.full(_NUM_CODE_POINTS, _UNKNOWN)
        self._id_of[characters] = np.arange(len(characters), dtype=np.uint32)
        self.vocab_size = len(characters)

    def _fitted(self) -> NDArray[np.uint32]:
        if not self.vocab_size:
            raise TokenizerError(f"tokenizer {self.name!r} has no vocabulary yet; fit it to a corpus first")
        return self._characters

    def _look_up(self, code_points: NDArray[np.uint32]) -> NDArray[np.uint32]:
        self._fitted()
        ids: NDArray[np.uint32] = self._id_of[code_points]
        if ids.size and ids.max() == _UNKNOWN:
            character = chr(code_points[ids == _UNKNOWN][0])
            raise TokenizerError(
                f"tokenizer {self.name!r}: character {character!r} (U+{ord(character):04X}) is not among the "
                f"{self.vocab_size} characters of the corpus that the vocabulary was made from",
                found=character,
            )
        return ids


def _in_order(characters: str) -> bool:
    """Whether there are characters, and each is greater than the one before."""
    return 0 < len(characters) <= _NUM_CODE_POINTS and list(characters) == sorted(set(characters))


def _code_points(text: str) -> NDArray[np.uint32]:
    try:
        return np.frombuffer(text.encode("utf-32-le"), np.dtype("<u4"))
    except UnicodeEncodeError as error:
        raise lone_surrogate(error) from error


def _pieces(text: bytes) -> Iterator[bytes]:
    """A text in pieces of about a mebibyte, cut between characters."""
    start = 0
    while start < len(text):
        stop = min(start + _PIECE_BYTES, len(text))
        while stop < len(text) and text[stop] & 0xC0 == 0x80:
            stop += 1
        yield text[start:stop]
        start = stop


def _count_characters(joined: bytes, texts: Sequence[bytes]) -> NDArray[np.int64]:
    """int64[D], the characters in each text: its bytes that do not continue a character."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    if joined.isascii():
        return sizes
    starts = (np.frombuffer(joined, np.uint8) & 0xC0) != 0x80
    lengths = np.zeros(len(texts), np.int64)
    filled = sizes > 0  # reduceat gives an empty range its first element instead of nothing
    offsets = (np.cumsum(sizes) - sizes)[filled]
    lengths[filled] = np.add.reduceat(starts.view(np.uint8), offsets, dtype=np.int64)
    return lengths
