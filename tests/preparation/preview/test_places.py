"""What was found in the places of a sample."""

from __future__ import annotations

from corpuskit.preparation.plan import Piece
from corpuskit.preparation.preview.places import Group, Place
from corpuskit.sources.base import Slice


def test_what_was_found_in_two_places_is_added_up():
    place = Place(weight=3, nominal_bytes=10, text_bytes=7, num_documents=1, num_tokens=2, records=1)
    place.add(Place(weight=9, nominal_bytes=99, text_bytes=5, num_documents=4, num_tokens=6))
    assert (place.text_bytes, place.num_documents, place.num_tokens, place.records) == (12, 5, 8, 1)
    assert (place.weight, place.nominal_bytes) == (3, 10)


def test_records_that_nobody_counted_stay_unknown():
    place = Place()
    place.add(Place())
    assert place.records is None


def test_text_that_was_read_ahead_counts_where_its_bytes_were_read():
    group = Group(("text", "gzip", None))
    group.places = [
        Place(nominal_bytes=8, text_bytes=1),
        Place(text_bytes=2),
        Place(nominal_bytes=4, text_bytes=4),
    ]
    group.merge_empty()
    assert [place.text_bytes for place in group.places] == [3, 4]


def test_a_group_is_as_large_as_its_pieces_and_no_piece_is_nothing():
    pieces = [Piece(0, Slice(size_bytes=70), "train"), Piece(1, Slice(size_bytes=0), "train")]
    group = Group(("text", "", "train"), pieces)
    assert group.size_bytes == 71
    assert group.split == "train"
