from __future__ import annotations

import json

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


@pytest.fixture(scope="session")
def kept_conversations(tmp_path_factory):
    """Conversations with their mask and a field of each type, with nulls; not to be changed."""
    pytest.importorskip("pyarrow")
    folder = tmp_path_factory.mktemp("conversations")
    path = folder / "kept.jsonl"
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"question {n} " * (n % 4 + 1)},
                {"role": "assistant", "content": f"answer {n} é"},
            ],
            "name": (None, "", f"é{n}")[n % 3],
            "n": None if n % 5 == 0 else n,
            "score": None if n % 4 == 0 else n / 3,
            "ok": (None, True, False)[n % 3],
        }
        for n in range(40)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = corpuskit.prepare(
        str(path),
        format="chat",
        encoding="bytes",
        add_tokens=True,
        keep="name,n,score,ok",
        split="valid=0.3",
        shard_bytes=300,
        output=folder / "kept",
    )
    assert len(corpus.manifest.splits["train"].shards) > 5
    return corpus


@pytest.fixture
def rows_of():
    """Gives a split as a list of rows, from the corpus's own interface."""

    def rows(split):
        found = []
        for number in range(split.num_documents):
            piece = split.document_piece(number)
            row = {"input_ids": split.document(number).tolist()}
            if "loss" in split.streams:
                row["assistant_masks"] = split.stream("loss")[piece.start : piece.stop].tolist()
            found.append(row | split.document_fields(number))
        return found

    return rows
