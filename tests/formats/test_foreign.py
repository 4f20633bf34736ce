"""Another trainer's files: which they are, and the blocks that they are read in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpuskit
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


@pytest.mark.parametrize("inside", [False, True])
def test_hidden_names_are_no_data_and_are_said(tmp_path, caplog, inside):
    for name in (
        "train.bin",
        "._train.bin",
        "_tmp.bin",
        ".DS_Store",
        "valid/b.bin",
        "valid/._b.bin",
        ".x/c.bin",
        ".git/d",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\1\0")
    place = ForeignPlace(tmp_path, 10)
    if inside:
        assert [(split, path.name) for split, path in place.files_of_splits(".bin")] == [
            ("train", "train.bin"),
            ("valid", "b.bin"),
        ]
        assert "left out 3 hidden (._train.bin, .x/, valid/._b.bin), 1 bookkeeping (_tmp.bin)" in caplog.text
    else:
        assert [path.name for path in place.files(".bin")] == ["train.bin"]
        assert "left out 1 hidden (._train.bin), 1 bookkeeping (_tmp.bin); to read a file" in caplog.text


def test_a_hidden_file_is_read_by_its_own_name(tmp_path, caplog):
    (tmp_path / "._train.bin").write_bytes(b"\1\0")
    assert ForeignPlace(tmp_path / "._train.bin", 10).files(".bin") == [tmp_path / "._train.bin"]
    assert caplog.text == ""
    with pytest.raises(CorpusFormatError, match=r"no file in it is called \*\.bin"):
        ForeignPlace(tmp_path, 10).files(".bin")


FORMATS = (
    "nanogpt",
    "llmc",
    "megatron",
    "datatrove",
    "olmo",
    "litdata",
    "mds",
    "parquet",
    "arrow",
    "safetensors",
    "levanter",
)


@pytest.mark.parametrize("format", FORMATS)
def test_a_copy_by_the_finder_gives_the_same_corpus(make_corpus, tmp_path, monkeypatch, format):
    """macOS puts a small file `._NAME` beside each file that it copies to another file system."""
    monkeypatch.setattr("corpuskit.formats.zarr_array._CHUNK_ITEMS", 2**8)
    options = {"block_size": 4} if format in ("litdata", "mds") else {}
    corpuskit.export(make_corpus(), format, tmp_path / "out", **options)
    said = {"name": "a", "encoding": "bytes"}
    before = corpuskit.import_tokens(tmp_path / "out", format, output=tmp_path / "before", **said)
    for path in [*(tmp_path / "out").rglob("*")]:
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7 Mac OS X")
    after = corpuskit.import_tokens(tmp_path / "out", format, output=tmp_path / "after", **said)
    assert after.fingerprint == before.fingerprint
    assert after.manifest.inputs == before.manifest.inputs
