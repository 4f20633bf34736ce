"""What is left of the documents of a batch, each with all that is its own."""

from __future__ import annotations

import pytest

from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers import texts
from corpuskit.sources.readers.base import BadDocuments, Reader
from corpuskit.sources.readers.texts import batches, checked, without_empty, without_nulls, without_too_long
from corpuskit.tokenizers.pieces import DocumentPiece


def batch_of(*found: bytes) -> DocumentBatch:
    return DocumentBatch(
        [*found],
        [10 * number for number in range(len(found))],
        pieces=[[DocumentPiece(text)] for text in found],
        fields={"id": [*range(len(found))], "url": [text.decode(errors="replace") for text in found]},
    )


def rows_of(batch: DocumentBatch) -> list[tuple[bytes, int, bytes, int]]:
    assert batch.pieces is not None
    assert batch.fields is not None
    return [
        (text, start, piece.text, number)
        for text, start, (piece,), number in zip(
            batch.texts, batch.starts, batch.pieces, batch.fields["id"], strict=True
        )
    ]


@pytest.fixture
def bad(input_of, tmp_path):
    class Texts(Reader):
        def read(self, item, part, on_bad):
            raise NotImplementedError

    (tmp_path / "x").write_bytes(b"")
    options = {"on_bad_document": "skip", "max_document_bytes": 4}
    return BadDocuments(Texts(options), input_of(tmp_path / "x"), lambda kind, start, reason: None)


def test_batches_keep_what_is_a_documents_own_together(monkeypatch):
    monkeypatch.setattr(texts, "BATCH_DOCUMENTS", 2)
    found = [rows_of(batch) for batch in batches(batch_of(b"a", b"b", b"c"))]
    assert found == [[(b"a", 0, b"a", 0), (b"b", 10, b"b", 1)], [(b"c", 20, b"c", 2)]]
    assert list(batches(DocumentBatch([], []))) == []


def test_documents_that_are_left_out_take_their_rows_with_them(bad):
    assert rows_of(without_empty(batch_of(b"a", b"", b"c"), bad)) == [(b"a", 0, b"a", 0), (b"c", 20, b"c", 2)]
    found = without_too_long(batch_of(b"a", b"12345", b"c"), bad, max_document_bytes=4)
    assert rows_of(found) == [(b"a", 0, b"a", 0), (b"c", 20, b"c", 2)]
    assert rows_of(checked(batch_of(b"a", b"\xff", b"c"), bad)) == [(b"a", 0, b"a", 0), (b"c", 20, b"c", 2)]
    found = without_nulls(batch_of(b"a", b"b"), [True, False], bad)
    assert rows_of(found) == [(b"b", 10, b"b", 1)]
