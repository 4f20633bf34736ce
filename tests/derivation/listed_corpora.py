"""Corpora that are written from lists of documents and read back as such lists."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from hypothesis import strategies as st

import corpuskit
from corpuskit.corpus.index import new_rows
from corpuskit.corpus.manifest import InputRecord, TokenizerRecord
from corpuskit.corpus.writer import Block, CorpusWriter, Description
from corpuskit.value_streams import LOSS_INFO

TOKENIZER = TokenizerRecord(name="bytes", vocab_size=257, eot_id=256, fingerprint="0" * 64)


@dataclasses.dataclass(frozen=True)
class Doc:
    """A document as lists say it: ids with their loss, its id, its input's name, and where it starts."""

    ids: tuple[int, ...]
    loss: tuple[int, ...]
    id: str | None
    input: str = "a"
    start: int = 0
    text_bytes: int = 0


def doc(text, id=None):
    """A document of bytes."""
    ids = tuple(text.encode())
    return Doc(ids, tuple(value % 2 for value in ids), id)


def write(folder, documents, *, shard_tokens=7, tail=(), splits=None, streams=True, fields=True, **more):
    """A corpus of documents by split; `tail` are tokens of train that no document ends."""
    splits = {"train": documents} if splits is None else splits
    names = sorted({doc.input for docs in splits.values() for doc in docs} | {"a"})
    inputs = [InputRecord(name=name, size_bytes=1, sha256=f"{ord(name):064x}") for name in names]
    said: dict[str, Any] = {
        "dataset": "made",
        "tokenizer": TOKENIZER,
        "dtype": "<u2",
        "options": {"eot": False, "shard_bytes": 2 * shard_tokens},
        "inputs": inputs,
        "streams": {"loss": LOSS_INFO} if streams is True else streams or {},
        "fields": {"id": "str"} if fields is True else fields or {},
    }
    description = Description(**{**said, **more})
    with CorpusWriter(folder, description, shard_bytes=2 * shard_tokens) as writer:
        for name, docs in splits.items():
            with writer.split(name) as split:
                for doc in docs:
                    number = names.index(doc.input)
                    row = new_rows(np.array([len(doc.ids)]), number, doc.start, doc.text_bytes)
                    split.add(
                        Block(
                            np.array(doc.ids, "<u2"),
                            row,
                            {"loss": np.array(doc.loss, "|u1")} if streams else {},
                            {"id": [doc.id]} if fields else {},
                        )
                    )
                if name == "train" and tail:
                    rest = np.array(tail, "<u2")
                    split.add(Block(rest, np.empty((0, 4), "<u8"), {"loss": rest % 2} if streams else {}))
        writer.commit(run={})
    return corpuskit.open(folder)


def read(corpus, name="train"):
    """The documents of a split, and the tokens after them."""
    split = corpus[name]
    ids = split[:].tolist()
    loss = split.stream("loss")[:].tolist() if "loss" in split.streams else [1] * len(ids)
    names = (
        split.fields().column("id").to_pylist() if "id" in split.field_names else [None] * split.num_documents
    )
    ends = [0, *split.document_ends().tolist()]
    inputs = [item.name for item in corpus.manifest.inputs]
    docs = [
        Doc(
            tuple(ids[ends[n] : ends[n + 1]]),
            tuple(loss[ends[n] : ends[n + 1]]),
            names[n],
            inputs[int(split.document_places()[n, 0])],
            int(split.document_places()[n, 1]),
            int(split.document_text_bytes()[n]),
        )
        for n in range(split.num_documents)
    ]
    return docs, ids[ends[-1] :]


@st.composite
def documents(draw, *, least=0):
    """Lists of documents, with empty ones, equal ones, and ids that are missing."""
    sizes = draw(st.lists(st.integers(0, 12), min_size=least, max_size=12))
    found = []
    for number, size in enumerate(sizes):
        ids = tuple(draw(st.lists(st.integers(0, 256), min_size=size, max_size=size)))
        found.append(
            Doc(
                ids,
                tuple(value % 2 for value in ids),
                draw(st.sampled_from([f"d{number}", None])),
                draw(st.sampled_from("abc")),
                number * 10,
                number,
            )
        )
    return found


#: Tokens that no document ends.
tails = st.lists(st.integers(0, 256), max_size=9)
