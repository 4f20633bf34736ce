"""Pieces of a split and what is taken of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed_corpora import doc, write

from corpuskit.corpus import scan
from corpuskit.corpus.index import new_rows
from corpuskit.corpus.writer import Block
from corpuskit.derivation.pieces import DocumentMask, Piece, picked, pieces


@given(
    st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=9), st.integers(0, 300), st.booleans()
)
def test_documents_are_taken_with_their_items_long_and_short_ones(parts, rest, tail):
    lengths, chosen = [length for length, _ in parts], [flag for _, flag in parts]
    ends = np.cumsum([0, *lengths])[1:]
    total = sum(lengths) + rest
    ids, items = np.arange(total, dtype="<u4"), np.arange(total, dtype="<f4")
    piece = Piece(Block(ids, new_rows(ends, 0, np.arange(len(parts)), 0), {"w": items}), 0, 0)
    block = picked(piece, np.array(chosen, np.bool_), tail=tail)
    flags = np.repeat([*chosen, tail], [*lengths, rest])
    assert block.ids.tolist() == ids[flags].tolist()
    assert block.streams["w"].tolist() == items[flags].tolist()
    kept = [length for length, flag in parts if flag]
    assert block.rows[:, 0].tolist() == np.cumsum([0, *kept])[1:].tolist()
    assert block.rows[:, 2].tolist() == [number for number, flag in enumerate(chosen) if flag]


@settings(max_examples=20)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 9), st.integers(1, 5))
def test_pieces_have_the_documents_and_values_of_their_tokens(tmp_path_factory, sizes, shard, chunk):
    if not any(sizes):
        return
    docs = [doc("abcdefghi"[:size], f"d{number}") for number, size in enumerate(sizes)]
    corpus = write(tmp_path_factory.mktemp("pieces") / "corpus", docs, shard_tokens=shard)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_CHUNK_BYTES", 2 * chunk)
        ids, ends, loss, names = [], [], [], []
        for piece in pieces(corpus, "train"):
            block = piece.block
            ends += [len(ids) + int(end) for end in block.rows[:, 0]]
            ids += block.ids.tolist()
            loss += block.streams["loss"].tolist()
            names += block.table.column("id").to_pylist()
    assert ids == [value for one in docs for value in one.ids]
    assert loss == [value for one in docs for value in one.loss]
    assert ends == np.cumsum(sizes).tolist()
    assert names == [one.id for one in docs]


def test_the_document_that_ends_in_a_later_shard_decides_over_its_beginning(tmp_path):
    split = write(tmp_path / "a", [doc("a"), doc("b" * 9)], shard_tokens=3, tail=[1] * 4)["train"]
    assert np.diff(split.shard_documents).tolist() == [1, 0, 0, 1, 0]
    for chosen in (False, True):
        mask = DocumentMask(split, tail=False)
        for documents in ([True], [], [], [chosen], []):
            mask.add(np.array(documents, np.bool_))
        assert [mask.tail_of_shard(number) for number in range(5)] == [chosen] * 3 + [False] * 2
        assert mask.of_shard(0).tolist() == [True]
        assert mask.num_chosen == 1 + chosen
