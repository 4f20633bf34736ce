"""Where tokens begin and end in a text, by the offsets that `tokenizers` keeps through all it does to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray


def places_in(
    tokenizer: tokenizers.Tokenizer, pieces: Sequence[bytes], ids: NDArray[np.uint32]
) -> NDArray[np.int64] | None:
    """The byte with which each token of a text begins, and the one before which it ends: int64[2, N].

    Args:
        tokenizer: What gives the offsets.
        pieces: The text, cut where its ids allow it.
        ids: The text's ids.

    Returns:
        The places; None where `tokenizers` gives other ids, or offsets that fall.
    """
    found, start = [np.empty((2, 0), np.int64)], 0
    numbers: list[int] = []
    for piece in pieces:
        encoding: Any = tokenizer.encode(piece.decode(), add_special_tokens=False)
        numbers += encoding.ids
        offsets = np.array(encoding.offsets, np.int64).reshape(-1, 2).T
        if not piece.isascii():
            is_start = (np.frombuffer(piece, np.uint8) & 0xC0) != 0x80
            offsets = np.append(np.flatnonzero(is_start), len(piece))[offsets]
        found.append(offsets + start)
        start += len(piece)
    places = np.concatenate(found, axis=1)
    if numbers != ids.tolist() or (np.diff(places, axis=1) < 0).any():
        return None
    return places


__all__ = ["places_in"]
