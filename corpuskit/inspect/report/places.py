"""Where a document is from, in words."""

from __future__ import annotations

from corpuskit.batches.stream import Piece


def place_of(piece: Piece) -> str:
    """The document of a piece, its corpus in a mixture, its input and its place there."""
    corpus = f" of {piece.corpus}" if piece.corpus else ""
    where = f", {piece.input} at {piece.input_start:,}" if piece.input else ""
    return f"document {piece.document:,}{corpus}{where}"


__all__ = ["place_of"]
