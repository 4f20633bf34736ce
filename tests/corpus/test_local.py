"""Splits whose files are mapped on this machine."""

from __future__ import annotations

import os
import pickle
import shutil

import pytest

import corpuskit
from corpuskit.errors import CorpusFormatError

DOCUMENTS = [b"one\n", b"two two\n", "drei dré\n".encode(), b"four\n" * 9]
STREAM = [token for document in DOCUMENTS for token in [*document, 256]]


@pytest.mark.fault("R8")
def test_shards_are_read_only(corpus_path):
    shard = corpuskit.open(corpus_path)["train"].shard(0)
    with pytest.raises(ValueError, match="read-only"):
        shard[0] = 1


@pytest.mark.fault("M7")
def test_splits_pickle_as_their_path_and_refuse_another_corpus(corpus_path, tmp_path):
    split = corpuskit.open(corpus_path)["train"]
    data = pickle.dumps(split)
    whole = pickle.dumps(corpuskit.open(corpus_path))
    assert len(data) < 1000
    assert pickle.loads(data)[:].tolist() == STREAM
    (tmp_path / "other.txt").write_bytes(b"another text")
    corpuskit.prepare(
        str(tmp_path / "other.txt"), encoding="bytes", output=corpus_path, split="none", overwrite=True
    )
    with pytest.raises(CorpusFormatError, match="was replaced by another one"):
        pickle.loads(data)
    with pytest.raises(CorpusFormatError, match="was replaced by another corpus"):
        pickle.loads(whole)
    assert split[:].tolist() == STREAM  # the one that was open goes on


@pytest.mark.parametrize("name", ["train-00000.bin", "train-00000.idx"])
@pytest.mark.fault("D11", "M8")
def test_file_of_the_wrong_size_is_found_when_the_corpus_is_opened(corpus_path, name):
    size = (corpus_path / name).stat().st_size
    os.truncate(corpus_path / name, size - 2)
    with pytest.raises(
        CorpusFormatError, match=f"{name}: {size - 2} bytes on disk, the manifest says {size}"
    ):
        corpuskit.open(corpus_path)
    (corpus_path / name).unlink()
    with pytest.raises(CorpusFormatError, match=f"{name}: cannot be opened: No such file"):
        corpuskit.open(corpus_path)


@pytest.mark.fault("M2")
def test_shard_that_is_a_link_is_refused(corpus_path, tmp_path):
    shutil.move(corpus_path / "train-00000.bin", tmp_path / "elsewhere")
    (corpus_path / "train-00000.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CorpusFormatError, match="train-00000.bin: it is a link, not a file"):
        corpuskit.open(corpus_path)
