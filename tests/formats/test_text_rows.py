from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.formats.text_rows import TextRows

pytest.importorskip("pyarrow")


class Made:
    """A tokenizer of a few pieces, some of them halves of characters."""

    name, vocab_size, eot_id, fingerprint = "made-up", 6, 5, "0"
    pieces = (b"a", b"bcd", b"", "é".encode()[:1], "é".encode()[1:], b"<end>")

    def __init__(self, known):
        self.known = known

    def token_bytes(self):
        return [*self.pieces] if self.known else None

    def decode(self, ids):
        return b"".join(self.pieces[number] for number in ids).decode(errors="replace")


def texts(documents, known):
    tokenizer = Made(known)
    ids = np.array([number for one in documents for number in one], "<u2")
    manifest = SimpleNamespace(field_types={}, tokenizer=tokenizer, dtype="<u2")
    split = SimpleNamespace(streams={"loss": None}, dtype=ids.dtype)

    class Corpus(dict):
        path = "there"

    corpus = Corpus(train=split)
    corpus.manifest, corpus.tokenizer = manifest, tokenizer
    export = SimpleNamespace(
        corpus=corpus,
        tokens=lambda name: iter([ids]),
        document_ends=lambda name: iter([np.cumsum([len(one) for one in documents])]),
        fields=lambda name: iter(()),
    )
    return [row["text"] for _, batch in TextRows(export, "train").batches() for row in batch.to_pylist()]


@settings(max_examples=60)
@given(st.lists(st.lists(st.integers(0, 5), max_size=8), min_size=1, max_size=12), st.booleans())
def test_a_row_is_the_text_of_a_document_without_its_last_end_of_text(documents, known):
    expected = [Made(known).decode(one[:-1] if one[-1:] == [5] else one) for one in documents]
    assert texts(documents, known) == expected


def test_a_row_group_has_no_more_rows_than_nanochat_s(monkeypatch):
    monkeypatch.setattr(TextRows, "max_rows", 2)
    assert texts([[0], [1], [0, 5]], True) == ["a", "bcd", "a"]


def test_more_text_than_a_column_holds_is_refused(monkeypatch):
    monkeypatch.setattr("corpuskit.formats.text_rows._MAX_BYTES", 5)
    with pytest.raises(ConfigError, match=r"^there: a document of split 'train' has 6 bytes of text, and a "):
        texts([[1, 1]], True)
