"""A tokenizer with control tokens that its vocabulary lacks: they have the ids behind its last one."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import TokenizerError
from corpuskit.tokenizers.base import Encoded, EngineChoice, Tokenizer

#: The largest vocabulary, as ids are uint32.
_MAX_VOCAB_SIZE = 2**32


class TokenizerWithAdded(Tokenizer):
    """Another tokenizer, and some more control tokens. Text gives the ids that it gave.

    Args:
        base: The other tokenizer; fitted, if it needs that.
        names: The names of the control tokens, in the order of their ids.

    Attributes:
        base: The other tokenizer.
        added_tokens: The names.

    Raises:
        TokenizerError: If a name is empty, is there twice, or is one of the tokenizer's own.
    """

    def __init__(self, base: Tokenizer, names: Sequence[str]) -> None:
        wrong = next((name for name in names if not isinstance(name, str) or not name), None)
        twice = [name for name, count in Counter(names).items() if count > 1 or name in base.control_ids]
        if wrong is not None or twice:
            what = f"{twice[0]!r} is there already" if twice else f"one is named {wrong!r}"
            raise TokenizerError(
                f"tokenizer {base.name!r}: added control tokens must have names of their own, and {what}",
                found=twice[0] if twice else wrong,
            )
        self.base, self.added_tokens = base, tuple(names)
        self.name, self.owner = base.name, base.owner
        self.eot_id, self.eot_note = base.eot_id, base.eot_note
        self.has_beginning, self.streams = base.has_beginning, dict(base.streams)
        self.vocab_size = base.vocab_size + len(names)
        if self.vocab_size > _MAX_VOCAB_SIZE:
            raise TokenizerError(f"tokenizer {base.name!r}: no ids are left for added control tokens")
        added = {name: number for number, name in enumerate(names, start=base.vocab_size)}
        self.control_ids = {**base.control_ids, **added}

    @property
    def fingerprint(self) -> str:
        """A sha256 over the other one's fingerprint and the names."""
        return fingerprint_with(self.base.fingerprint, self.added_tokens)

    def encode(self, text: str) -> NDArray[np.uint32]:
        """What the other one gives."""
        return self.base.encode(text)

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        """What the other one gives."""
        return self.base.encode_batch(texts)

    def encode_inside(self, texts: Sequence[bytes]) -> Encoded:
        """What the other one gives."""
        return self.base.encode_inside(texts)

    def encode_documents(self, texts: Sequence[bytes], *, eot_id: int, continues: bool) -> Encoded:
        """What the other one gives."""
        return self.base.encode_documents(texts, eot_id=eot_id, continues=continues)

    def token_places(
        self, texts: Sequence[bytes], encoded: Encoded
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What the other one says: no token of a text is an added one."""
        return self.base.token_places(texts, encoded)

    def decode_bytes(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> bytes:
        """The bytes that ids stand for, added tokens as their names."""
        values = np.asarray(ids, dtype=np.int64)
        first = self.base.vocab_size
        if (values >= self.vocab_size).any():
            wrong = int(values[values >= self.vocab_size][0])
            raise TokenizerError(
                f"tokenizer {self.name!r}: id {wrong} is not in [0, {self.vocab_size - 1}]", found=wrong
            )
        places = np.flatnonzero(values >= first).tolist()
        parts, start = [], 0
        for place in places:
            parts.append(self.base.decode_bytes(values[start:place]))
            parts.append(self.added_tokens[int(values[place]) - first].encode())
            start = place + 1
        return b"".join([*parts, self.base.decode_bytes(values[start:])])

    def token_bytes(self) -> Sequence[bytes] | None:
        """What each id stands for, where the other one's stand for something wherever they are."""
        known = self.base.token_bytes()
        return None if known is None else [*known, *(name.encode() for name in self.added_tokens)]

    def boundary(self, text: bytes, at: int) -> int:
        """What the other one says."""
        return self.base.boundary(text, at)

    def stream_items(self, encoded: Encoded) -> Mapping[str, NDArray[Any]]:
        """What the other one gives, to which added tokens are ids like others."""
        return self.base.stream_items(encoded)

    def load(self) -> None:
        """Load the other one."""
        self.base.load()

    def state(self) -> Any:
        """What opens the other one again; a manifest has the names beside it."""
        return self.base.state()

    def select_engine(self, engine: str) -> None:
        """Choose the other one's engine."""
        self.base.select_engine(engine)

    def explain_engine(self) -> EngineChoice:
        """Which engine the other one takes."""
        return self.base.explain_engine()


def with_added(base: Tokenizer, names: Sequence[str]) -> Tokenizer:
    """A tokenizer with added control tokens; itself, where there are none.

    Raises:
        TokenizerError: As `TokenizerWithAdded`.
    """
    return TokenizerWithAdded(base, names) if names else base


def fingerprint_with(fingerprint: str, names: Sequence[str]) -> str:
    """The fingerprint of a tokenizer of some fingerprint with added control tokens."""
    if not names:
        return fingerprint
    text = f"corpuskit added tokens 1\n{fingerprint}\n{json.dumps([*names])}"
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = ["TokenizerWithAdded", "fingerprint_with", "with_added"]
