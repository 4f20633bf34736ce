"""Another trainer's files: which they are, and the blocks that they are read in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats import foreign
from corpuskit.formats.foreign import ForeignPlace, MappedFile, split_called


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("val_000001", "valid"),
        ("fineweb_train_000007", "train"),
        ("my-validation", "valid"),
        ("test", "test"),
        ("trainer", "other"),
        ("000_web", "other"),
    ],
)
def test_the_split_is_a_word_of_the_name(name, split):
    assert ForeignPlace(Path(), 10, split="other").split_of(name) == split


@pytest.mark.parametrize(
    ("name", "called"), [("val", "valid"), ("validation", "valid"), ("mine_2", "mine_2")]
)
def test_a_split_has_one_name(name, called):
    assert split_called(name) == called


@pytest.mark.parametrize("name", ["", "Train", "a/b", "a" * 33])
def test_a_split_that_no_file_can_be_called_by_is_refused(name):
    with pytest.raises(ConfigError, match="choose another"):
        split_called(name)


@pytest.mark.parametrize(("vocab_size", "dtype"), [(65_536, "<u2"), (65_537, "<u4")])
def test_ids_are_as_wide_as_the_vocabulary_needs(vocab_size, dtype):
    assert ForeignPlace(Path(), vocab_size).item_type() == np.dtype(dtype)
    assert ForeignPlace(Path(), vocab_size, "int32").item_type() == np.dtype("<i4")


@given(st.lists(st.integers(0, 40), max_size=12).map(sorted), st.integers(1, 9), st.integers(1, 5))
def test_each_block_has_the_documents_that_end_in_it(tmp_path_factory, ends, block_tokens, piece):
    path = tmp_path_factory.mktemp("mapped") / "ids"
    path.write_bytes(b"head" + np.arange(40, dtype="<u4").tobytes())
    pieces = [np.array(ends[at : at + piece], np.int64) for at in range(0, len(ends), piece)]
    file = MappedFile(
        split="train",
        paths=(path,),
        dtype=np.dtype("<u4"),
        offset=4,
        num_tokens=40,
        ends=lambda: iter(pieces),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(foreign, "BLOCK_TOKENS", block_tokens)
        blocks = list(file.blocks())

    assert np.concatenate([block.ids for block in blocks]).tolist() == list(range(40))
    found, at = [], 0
    for block in blocks:
        assert ((block.ends >= 0) & (block.ends <= len(block.ids))).all()
        found += (block.ends + at).tolist()
        at += len(block.ids)
    assert found == ends


@pytest.mark.parametrize("ends", [[3, 2], [41], [2, 50]])
def test_documents_that_end_where_none_can_are_refused(tmp_path, ends):
    (tmp_path / "ids").write_bytes(bytes(80))
    file = MappedFile(
        split="train",
        paths=(tmp_path / "ids",),
        dtype=np.dtype("<u2"),
        num_tokens=40,
        ends=lambda: iter([np.array(ends)]),
    )
    with pytest.raises(
        CorpusFormatError, match="documents end at places that fall, or lie behind the 40 ids"
    ):
        list(file.blocks())
