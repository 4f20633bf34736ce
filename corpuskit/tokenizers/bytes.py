"""One id a byte: ids 0 to 255 are byte values, and 256 ends a text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import TokenizerError
from corpuskit.tokenizers.base import Encoded, Tokenizer, character_start, to_utf8

_EOT_ID = 256
_EOT_TEXT = b"<|endoftext|>"


class ByteTokenizer(Tokenizer):
    """The bytes of a text's UTF-8 as ids.

    Args:
        name: What users type.
        argument: What followed the name after a colon; this tokenizer takes none.
        state: Ignored: the vocabulary is always the same.

    Raises:
        TokenizerError: If there is an argument.
    """

    vocab_size = 257
    eot_id = _EOT_ID
    control_ids: Mapping[str, int] = MappingProxyType({_EOT_TEXT.decode(): _EOT_ID})

    def __init__(self, *, name: str = "bytes", argument: str | None = None, state: Any = None) -> None:
        if argument is not None:
            raise TokenizerError(f"tokenizer {name!r} takes no argument, found {argument!r}", found=argument)
        self.name = name

    @property
    def fingerprint(self) -> str:
        """A sha256 over a sentence that says what the ids are."""
        return hashlib.sha256(b"corpuskit bytes 1: ids 0-255 are bytes, 256 ends a text").hexdigest()

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The text's UTF-8 bytes, uint32[N]."""
        return np.frombuffer(to_utf8(text), np.uint8).astype(np.uint32)

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        """The bytes of many texts at once."""
        ids = np.frombuffer(b"".join(texts), np.uint8).astype(np.uint32)
        return Encoded(ids, np.fromiter(map(len, texts), np.int64, len(texts)))

    def decode_bytes(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> bytes:
        """The bytes themselves; the end-of-text id reads as `<|endoftext|>`."""
        values = np.asarray(ids, dtype=np.int64)
        wrong = values[(values < 0) | (values > _EOT_ID)]
        if wrong.size:
            raise TokenizerError(
                f"tokenizer {self.name!r}: id {wrong[0]} is not in [0, {_EOT_ID}]", found=int(wrong[0])
            )
        first, *others = np.split(values, np.flatnonzero(values == _EOT_ID))
        # All but the first start with the end-of-text id that they were cut at.
        texts = [first, *(other[1:] for other in others)]
        return _EOT_TEXT.join(text.astype(np.uint8).tobytes() for text in texts)

    def token_bytes(self) -> Sequence[bytes]:
        """Each byte, and the end of a text."""
        return [*(bytes([value]) for value in range(_EOT_ID)), _EOT_TEXT]

    def boundary(self, text: bytes, at: int) -> int:
        """`at`, or the start of the character that it is inside of.

        Bytes do not depend on their neighbours, but text that is cut should stay text.
        """
        return character_start(text, at)
