"""Places in words."""

from __future__ import annotations

from corpuskit.batches.stream import Piece
from corpuskit.inspect.report.places import place_of


def test_a_place_names_all_that_is_known():
    piece = Piece(5, 9, 1234, 0, 9, "train")
    assert place_of(piece) == "document 1,234"
    piece = Piece(5, 9, 3, 0, 9, "train", corpus="books", input="a.txt", input_start=4096)
    assert place_of(piece) == "document 3 of books, a.txt at 4,096"
