"""Tokens as HTML: one element each, with its id to hover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.inspect.spelling import Speller, spelled
from corpuskit.markup import escape
from corpuskit.tokenizers.base import Tokenizer

#: More characters of one token are not shown.
_MAX_CHARACTERS = 200
_SIGNS = {"\n": "↵\n", "\t": "⇥\t"}


class TokenMarkup:
    """Writes tokens as HTML.

    Args:
        tokenizer: The tokenizer that made the ids; None shows the ids alone.
        eot_id: The id that ends a text, if there is one.
        names: What some ids stand for instead, such as ids that it does not know.
    """

    def __init__(
        self,
        tokenizer: Tokenizer | None,
        eot_id: int | None,
        names: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        self._speller = None if tokenizer is None else Speller(tokenizer, names)
        self._eot_id = eot_id

    def tokens(self, ids: NDArray[Any], masked: Sequence[bool] | NDArray[np.bool_] | None = None) -> str:
        """Some ids that follow each other.

        Args:
            ids: The ids.
            masked: Whether the target of each is masked; None if none is.
        """
        numbers = ids.tolist()
        parts = [None] * len(numbers) if self._speller is None else [*self._speller.parts(ids)]
        dim = [False] * len(numbers) if masked is None else [bool(one) for one in masked]
        return "".join(map(self._token, numbers, parts, dim))

    def _token(self, number: int, part: bytes | None, is_masked: bool) -> str:
        if number == self._eot_id:
            text, kind = "end of text", "e"
        elif part is None:
            text, kind = f"{number}", ""
        else:
            text, kind = _shown(spelled(part)), ""
        kinds = " ".join(filter(None, (kind, "m" if is_masked else "")))
        attribute = f' class="{kinds}"' if kinds else ""
        return f"<i{attribute} title={number}>{text}</i>"


def box(label: str, content: str) -> str:
    """Tokens that a keyboard reaches.

    Args:
        label: What they are, as HTML.
        content: The tokens, as HTML.
    """
    return f'<div class="tokens" tabindex="0" role="group" aria-label="{label}">{content}</div>'


def _shown(text: str) -> str:
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[:_MAX_CHARACTERS]}…"
    return "".join(_SIGNS.get(character, character) for character in escape(text))


__all__ = ["TokenMarkup", "box"]
