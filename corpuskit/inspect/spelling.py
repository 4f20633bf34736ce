"""What each token stands for by itself, a part of a character included."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.batches.fim_options import decode_named
from corpuskit.tokenizers.base import Tokenizer

#: So many ids are decoded at a time.
_CHUNK_IDS = 4096


def spelled(data: bytes) -> str:
    r"""A token's bytes as text, in which parts of characters are spelled out: `⟨e8⟩`.

    Example:
        >>> spelled(" é".encode()), spelled(b" \xe8"), spelled(b"\xac\xac!")
        (' é', ' ⟨e8⟩', '⟨ac ac⟩!')
    """
    return data.decode("utf-8", "corpuskit-spelled")


class Speller:
    """What the tokens of a stream stand for, each by itself.

    The parts add up to the text, also where a tokenizer takes away the space that it puts in front of one.

    Args:
        tokenizer: The tokenizer that made the ids.
        names: What some ids stand for instead, such as ids that it does not know.
    """

    def __init__(self, tokenizer: Tokenizer, names: Mapping[int, str] = MappingProxyType({})) -> None:
        self._tokenizer = tokenizer
        self._names = {number: name.encode() for number, name in names.items()}
        self._alone: dict[int, bytes] = {}

    def parts(self, ids: Sequence[int] | NDArray[Any]) -> Iterator[bytes]:
        """The bytes of each of some ids that follow each other.

        Args:
            ids: The ids; they are decoded some thousands at a time.

        Raises:
            TokenizerError: If one is not in the vocabulary.
        """
        before: list[int] = []
        for start in range(0, len(ids), _CHUNK_IDS):
            chunk = np.asarray(ids[start : start + _CHUNK_IDS]).tolist()
            yield from self._chunk(before, chunk)
            before = chunk[-1:]

    def texts(self, ids: Sequence[int] | NDArray[Any]) -> Iterator[str]:
        """The same as text; see `spelled`."""
        return map(spelled, self.parts(ids))

    def _chunk(self, before: list[int], ids: list[int]) -> list[bytes]:
        alone = [self._one(number) for number in ids]
        if b"".join(alone) == self._after(before, ids):
            return alone
        behind = [self._after([first], [second]) for first, second in itertools.pairwise([*before, *ids])]
        return behind if before else [*alone[:1], *behind]

    def _one(self, number: int) -> bytes:
        found = self._alone.get(number)
        if found is None:
            found = self._alone[number] = self._decode([number])
        return found

    def _decode(self, ids: Any) -> bytes:
        return decode_named(ids, self._tokenizer.decode_bytes, self._names)

    def _after(self, before: list[int], ids: list[int]) -> bytes:
        """What ids add to the text of those before them."""
        whole = self._decode([*before, *ids])
        text = b"".join(map(self._one, before))
        return whole[len(text) :] if whole.startswith(text) else self._decode(ids)


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    end = error.end
    while end < len(error.object) and error.object[end] & 0xC0 == 0x80:  # no character begins with it
        end += 1
    return f"⟨{error.object[error.start : end].hex(' ')}⟩", end


codecs.register_error("corpuskit-spelled", _spell)

__all__ = ["Speller", "spelled"]
