from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import strategies as st

import corpuskit
from corpuskit.corpus.index import new_rows
from corpuskit.corpus.manifest import InputRecord, TokenizerRecord
from corpuskit.corpus.writer import Block, CorpusWriter, Description
from corpuskit.formats.foreign import ForeignPlace

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


@pytest.fixture
def draw_corpus(tmp_path_factory):
    """Writes a corpus of documents that Hypothesis draws, empty ones and ids of four bytes included.

    It gives the corpus, a folder that is not there yet, and the documents.
    """

    def make(data):
        dtype, vocab_size = data.draw(st.sampled_from([("<u2", 65_536), ("<u4", 100_000)]))
        document = st.lists(st.integers(0, vocab_size - 1), max_size=9)
        documents = [[7], *data.draw(st.lists(document, max_size=15))]
        folder = tmp_path_factory.mktemp("drawn")
        description = Description(
            dataset="made",
            tokenizer=TokenizerRecord(name="bytes", vocab_size=vocab_size, eot_id=256, fingerprint="0" * 64),
            dtype=dtype,
            options={},
            inputs=[InputRecord(name="a", size_bytes=1, sha256="0" * 64)],
        )
        ids = np.array([one for document in documents for one in document], dtype)
        ends = np.cumsum([len(document) for document in documents])
        numbers, shard_bytes = np.arange(len(documents)), data.draw(st.integers(1, 80))
        with CorpusWriter(folder / "corpus", description, shard_bytes=shard_bytes) as writer:
            with writer.split("train") as split:
                split.add(Block(ids, new_rows(ends, 0, numbers, numbers)))
            writer.commit(run={})
        return corpuskit.open(folder / "corpus"), folder / "out", documents

    return make


@pytest.fixture(scope="session")
def rows_read():
    """Gives what a format reads of a place: the rows of each split, as `rows_of` has them."""

    def read(format, path, vocab_size=2**32, **said):
        found = {}
        for file in format.read(ForeignPlace(path, vocab_size, **said)):
            assert file.has_documents
            rows = found.setdefault(file.split, [])
            ids, mask = [], []
            for block in file.blocks():
                last = 0
                for number, end in enumerate(block.ends.tolist()):
                    row = {"input_ids": [*ids, *block.ids[last:end].tolist()]}
                    if "loss" in file.streams:
                        row["assistant_masks"] = [*mask, *block.streams["loss"][last:end].tolist()]
                    rows.append(row | {name: values[number] for name, values in block.fields.items()})
                    ids, mask, last = [], [], end
                ids += block.ids[last:].tolist()
                mask += block.streams["loss"][last:].tolist() if "loss" in file.streams else []
            assert not ids
        return found

    return read
