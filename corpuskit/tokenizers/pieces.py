"""Pieces: a document that is more than text, such as a conversation with its control tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from corpuskit.tokenizers.base import Encoded, Tokenizer


class DocumentPiece(NamedTuple):
    """Some of a document: text, or one control token.

    Args:
        text: The text in UTF-8; of a control token its name, such as `b"<|im_end|>"`, and empty for the
            tokenizer's end-of-text token, whatever its name is.
        is_control: Whether it is a control token. Text is text, however it looks.
        is_trained: Whether a model is to learn it: whether it is a target of the loss.
    """

    text: bytes
    is_control: bool = False
    is_trained: bool = False


def encode_pieces(
    tokenizer: Tokenizer, documents: Sequence[Sequence[DocumentPiece]]
) -> tuple[Encoded, NDArray[np.uint8]]:
    """The ids of documents in pieces, and for each whether it is to be learned."""
    raise NotImplementedError


__all__ = ["DocumentPiece", "encode_pieces"]
