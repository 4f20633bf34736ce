"""What is shown of a corpus, and of which documents it is."""

from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.batches.stream import Piece
from corpuskit.errors import ConfigError
from corpuskit.inspect import excerpts
from corpuskit.inspect.grep import Match


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": c * 9}) + "\n" for c in "abcdef"))
    return corpuskit.prepare(
        str(tmp_path / "a.jsonl"), encoding="bytes", split="none", output=tmp_path / "c", progress=False
    )


def test_tokens_have_the_documents_that_they_are_of(corpus):
    found = excerpts.of_tokens(corpus["train"], 5, 20)
    assert corpus.decode(found.ids) == "aaaa<|endoftext|>bbbbbbbbb<|endoftext|>ccccc"
    assert [(piece.document, len(piece)) for piece in found.pieces] == [(0, 5), (1, 10), (2, 5)]
    assert len(excerpts.of_tokens(corpus["train"], 55, 20).ids) == 5


def test_a_batch_has_its_masks_and_its_padding(corpus):
    batches = corpus.batches(batch_size=2, block_size=15, sampler="sequential", documents="mask")
    first, second = excerpts.of_batch(batches.trace(0), 15)
    assert (first.title, first.row, second.row) == ("row 0", (0, 0), (1, 1))
    assert [at for at, masked in enumerate(first.masked) if masked] == [9]  # its target is b
    packed = corpus.batches(batch_size=2, block_size=16, sampler="packed")
    one, _ = excerpts.of_batch(packed.trace(0), 16)
    assert one.all_ids() == packed[0][0][0].tolist()
    assert one.padding == 16 - len(one.ids) > 0
    assert json.loads(json.dumps(first.to_json("text")))["masked"] == [9]


@pytest.mark.parametrize(
    ("match", "count", "start", "stop", "inside"),
    [
        (Match(2, 24, 25), 100, 20, 30, (4, 5)),
        (Match(2, 24, 25), 5, 22, 27, (2, 3)),
        (Match(2, 20, 21), 4, 20, 24, (0, 1)),
        (Match(2, 29, 29), 4, 26, 30, (3, 3)),
        (Match(2, 21, 29), 4, 21, 25, (0, 4)),
    ],
)
def test_a_match_is_shown_with_what_is_around_it_in_its_document(corpus, match, count, start, stop, inside):
    found = excerpts.of_match(corpus["train"], match, count)
    (piece,) = found.pieces
    assert (piece.start, piece.stop, found.found) == (start, stop, inside)
    assert found.ids.tolist() == corpus["train"][start:stop].tolist()


def test_a_seed_makes_a_random_document_the_same_again_and_all_are_drawn(corpus):
    numbers = [excerpts.random_number(corpus["train"], seed) for seed in range(100)]
    assert numbers == [excerpts.random_number(corpus["train"], seed) for seed in range(100)]
    assert {*numbers} == {*range(6)} == {excerpts.random_number(corpus["train"], None) for _ in range(200)}


def test_what_is_not_there_is_said(corpus):
    split = corpus["train"]
    with pytest.raises(ConfigError, match=r"--at 60: split 'train' has 60 tokens"):
        excerpts.of_tokens(split, 60, 1)
    with pytest.raises(ConfigError, match=r"--document 6: split 'train' has 6 documents"):
        excerpts.of_document(split, 6)


def test_a_piece_is_called_by_its_document_its_input_and_its_place():
    piece = Piece(10, 15, 1234, 10, 15, "train", input="a/b.txt")
    assert excerpts.called(piece) == "document 1,234, a/b.txt"
    part = Piece(11, 13, 0, 10, 15, "train")
    assert excerpts.called(part) == "document 0, tokens 1 to 3 of 5"
    long = Piece(0, 9, 7, 0, 9, "train", input="folder/" * 30 + "name.txt")
    assert excerpts.called(long, most=40).endswith("/folder/folder/name.txt")
    assert len(excerpts.called(long, most=40)) == 40
