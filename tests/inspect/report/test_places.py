"""Places in words."""

from __future__ import annotations

import pytest

import corpuskit
from corpuskit.batches.stream import Piece
from corpuskit.inspect.lines import InputLines
from corpuskit.inspect.report import places
from corpuskit.inspect.report.places import places_of


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.jsonl").write_text('{"text": "one"}\n\n{"text": "two"}\n')
    return corpuskit.prepare(tmp_path / "texts", encoding="bytes", output=tmp_path / "corpus", progress=False)


def test_a_place_has_the_line_where_the_input_is_at_hand(corpus, tmp_path):
    pieces = corpus["train"].pieces(0, 8)
    assert places_of(pieces, InputLines(corpus)) == ["document 0, a.jsonl:1", "document 1, a.jsonl:3"]
    (tmp_path / "texts").rename(tmp_path / "elsewhere")
    assert places_of(pieces, InputLines(corpus))[1] == "document 1, a.jsonl byte 17"
    assert places_of(pieces, InputLines(corpus, tmp_path / "elsewhere"))[1] == "document 1, a.jsonl:3"


def test_lines_are_not_counted_far_into_an_input(corpus, monkeypatch):
    monkeypatch.setattr(places, "_MAX_COUNTED_BYTES", 16)
    pieces = corpus["train"].pieces(0, 8)
    assert places_of(pieces, InputLines(corpus)) == ["document 0, a.jsonl:1", "document 1, a.jsonl byte 17"]


def test_a_document_of_an_unknown_input_is_a_number(corpus):
    piece = Piece(5, 9, 1234, 0, 9, "train")
    assert places_of([piece], InputLines(corpus)) == ["document 1,234"]
