"""Pieces: a document that is more than text, such as a conversation with its control tokens."""

from __future__ import annotations

from typing import NamedTuple


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


__all__ = ["DocumentPiece"]
