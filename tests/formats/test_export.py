"""One export under way."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from corpuskit import sealed
from corpuskit.corpus import Corpus
from corpuskit.corpus.index import ROW_BYTES
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.formats.base import Export
from corpuskit.formats.megatron import Megatron
from corpuskit.formats.nanogpt import NanoGPT


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_two_splits_of_one_file_name_are_refused(make_corpus, tmp_path):
    texts = [b"document %d" % number for number in range(30)]
    corpus = make_corpus(texts, split="valid=0.3,val=0.4", shard_bytes=1000)
    assert all(len(split) for split in corpus.values())
    with pytest.raises(ConfigError, match=r"two splits would be written as val\.bin; export them one at a"):
        NanoGPT().write(corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_index_gives_no_export(make_corpus, tmp_path):
    corpus = make_corpus()
    path = corpus.path / "train-00000.idx"
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorpusFormatError, match=r"train-00000\.idx: sha256 .* nothing was exported"):
        Megatron().write(Corpus(corpus.path), tmp_path / "out")
    assert names(tmp_path) == {"corpus", "corpus.txt"}


def test_an_export_that_cannot_be_read_is_said_to_be_that(make_corpus, tmp_path, monkeypatch):
    corpus = make_corpus()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/export.json").write_text("{}")

    def broken(path, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("corpuskit.reading.open_file", broken)
    with pytest.raises(StorageError, match=r"out/export\.json: cannot be read: Permission denied"):
        Megatron().write(corpus, tmp_path / "out")


def test_tokens_after_the_last_document_are_one_more(make_corpus, tmp_path):
    whole = make_corpus([b"one", b"two"], eot=False, shard_bytes=1000)
    index = whole.path / "train-00000.idx"
    index.write_bytes(index.read_bytes()[:ROW_BYTES])
    manifest = json.loads((whole.path / "manifest.json").read_text())
    split = manifest["splits"]["train"]
    split["num_documents"] = split["shards"][0]["num_documents"] = 1
    split["shards"][0]["index_sha256"] = hashlib.sha256(index.read_bytes()).hexdigest()
    (whole.path / "manifest.json").write_bytes(sealed.to_bytes(manifest))
    made = Export(Corpus(whole.path), tmp_path, ["train"])
    assert np.concatenate(list(made.document_ends("train"))).tolist() == [3, 6]


def test_pieces_are_small_and_stop_at_every_cut(make_corpus, tmp_path, small_pieces):
    corpus = make_corpus()
    made = Export(corpus, tmp_path, ["train"])
    pieces = list(made.tokens("train", cuts=[5, 6, 29, 30, 31, 70]))
    assert np.concatenate(pieces).tolist() == corpus["train"][:].tolist()
    assert max(map(len, pieces)) <= 24
    assert {5, 6, 29, 30, 31, 70} <= set(np.cumsum([len(piece) for piece in pieces]).tolist())
