"""From ids to bytes, where a tokenizer.json's decoder is of a kind that can be put into a table."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SPACE = "\u2581"


@dataclasses.dataclass(frozen=True)
class Table:
    """What each id stands for.

    Args:
        texts: The bytes of each id; an id that nothing has is not in it.
        added: The ids of added tokens, which stand for their names.
        eot_id: The id that a document ends with.
        strips_space: Whether a document's first space is the tokenizer's own, and is taken away again.
    """

    texts: Mapping[int, bytes]
    added: frozenset[int]
    eot_id: int | None
    strips_space: bool

    def decode(self, ids: list[int]) -> bytes:
        """The bytes of ids.

        Raises:
            KeyError: If nothing has an id.
        """
        pieces = [self.texts[number] for number in ids]
        if self.strips_space:
            for at, number in enumerate(ids):
                if (at == 0 or ids[at - 1] == self.eot_id) and number not in self.added:
                    pieces[at] = pieces[at].removeprefix(b" ")
        return b"".join(pieces)


def table_for(data: Mapping[str, Any], vocab: Mapping[str, int], *, eot_id: int | None) -> Table | None:
    """The table of a tokenizer, or None if only its decoder itself can say what ids stand for.

    Args:
        data: The parsed tokenizer.json.
        vocab: The id of each token of the model.
        eot_id: The id that a document ends with, if there is one.
    """
    decoder = _Decoder.of(data.get("decoder"))
    if decoder is None:
        return None
    texts = {number: decoder.bytes_of(token) for token, number in vocab.items()}
    added = data["added_tokens"]
    texts.update({token["id"]: token["content"].encode() for token in added})
    return Table(texts, frozenset(token["id"] for token in added), eot_id, decoder.strips_space)


@dataclasses.dataclass(frozen=True)
class _Decoder:
    """How tokens are written: as GPT-2 writes bytes, or as SentencePiece writes pieces."""

    gpt2: bool
    has_bytes: bool = False
    strips_space: bool = False

    @classmethod
    def of(cls, decoder: Any) -> _Decoder | None:
        """The decoder that a tokenizer.json describes, if it is of one of the known kinds."""
        parts = decoder.get("decoders", [decoder]) if isinstance(decoder, dict) else []
        types = [part.get("type") for part in parts]
        if types == ["ByteLevel"]:
            return cls(gpt2=True)
        if types == ["Metaspace"] and parts[0].get("replacement") == _SPACE:
            old = "always" if parts[0].get("add_prefix_space", True) else "never"
            return cls(gpt2=False, strips_space=parts[0].get("prepend_scheme", old) != "never")
        if types[:3] != ["Replace", "ByteFallback", "Fuse"]:
            return None
        if (parts[0].get("pattern"), parts[0].get("content")) != ({"String": _SPACE}, " "):
            return None
        if types[3:] and parts[3:] != [{"type": "Strip", "content": " ", "start": 1, "stop": 0}]:
            return None
        return cls(gpt2=False, has_bytes=True, strips_space=bool(types[3:]))

    def bytes_of(self, token: str) -> bytes:
        """The bytes that a token stands for inside a text."""
        if self.gpt2:
            return _gpt2_bytes(token)
        byte = _BYTE.fullmatch(token) if self.has_bytes else None
        if byte is not None:
            return bytes([int(byte[1], 16)])
        return token.replace(_SPACE, " ").encode("utf-8", "replace")


def _gpt2_bytes(token: str) -> bytes:
    try:
        return bytes(map(_GPT2_BYTES.__getitem__, token))
    except KeyError:
        return token.encode("utf-8", "replace")


def _gpt2_table() -> dict[str, int]:
    """The byte that each character of a byte-level vocabulary stands for.

    Visible characters of Latin-1 stand for themselves; the other bytes, in order, for U+0100 and on.
    """
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(0x100 + n): byte for n, byte in enumerate(hidden)}


_GPT2_BYTES = _gpt2_table()

__all__ = ["Table", "table_for"]
