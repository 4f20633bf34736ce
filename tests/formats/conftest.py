from __future__ import annotations

import pytest

import corpuskit

DOCUMENTS = [b"one\n", b"two two\n", "drei dré\n".encode(), b"four\n" * 9]


@pytest.fixture
def make_corpus(tmp_path):
    """Makes a corpus of documents in bytes, with an end-of-text id after each, in shards of 60 bytes."""

    def make(documents=DOCUMENTS, *, name="corpus", split="none", eot=True, shard_bytes=60, encoding="bytes"):
        text = tmp_path / f"{name}.txt"
        text.write_bytes(b"|".join(documents))
        options = {"separator": "|", "split": split, "eot": eot, "shard_bytes": shard_bytes}
        return corpuskit.prepare(str(text), encoding=encoding, output=tmp_path / name, **options)

    return make


@pytest.fixture
def small_pieces(monkeypatch):
    """Reads a few ids and documents at a time, so that small corpora have many pieces."""
    monkeypatch.setattr("corpuskit.corpus.scan._CHUNK_BYTES", 48)
    monkeypatch.setattr("corpuskit.formats.megatron._CHUNK", 3)
