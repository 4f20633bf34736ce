"""Where documents are from, in words."""

from __future__ import annotations

from collections.abc import Sequence

from corpuskit.batches.stream import Piece
from corpuskit.inspect.lines import InputLines, Place

#: Lines are counted in so much of an input; further on, a place is named by its byte.
_MAX_COUNTED_BYTES = 2**30


def places_of(pieces: Sequence[Piece], lines: InputLines) -> list[str]:
    """The document of each piece, its input, and its line or row there.

    Args:
        pieces: Pieces of one corpus's splits.
        lines: Finds lines in its inputs.
    """
    near = [piece for piece in pieces if piece.input and piece.input_start <= _MAX_COUNTED_BYTES]
    found = {id(piece): place for piece, place in zip(near, lines.find(near), strict=True)}
    return [_said(piece, found.get(id(piece)), lines) for piece in pieces]


def _said(piece: Piece, place: Place | None, lines: InputLines) -> str:
    if place is None and piece.input:
        place = Place(piece.input, lines.unit(piece.input), piece.input_start)
    return f"document {piece.document:,}" + (f", {place}" if place is not None else "")


__all__ = ["places_of"]
