"""Documents as readers hand them on."""

from __future__ import annotations

from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.tokenizers.pieces import DocumentPiece


def test_some_documents_have_all_that_is_their_own():
    pieces = [[DocumentPiece(text)] for text in (b"a", b"b", b"c")]
    batch = DocumentBatch([b"a", b"b", b"c"], [0, 5, 9], True, True, pieces, {"n": [1, None, 3]})
    assert batch.chosen([0, 2]) == DocumentBatch(
        [b"a", b"c"], [0, 9], separated=True, pieces=[pieces[0], pieces[2]], fields={"n": [1, 3]}
    )
    assert DocumentBatch([b"a"], [0]).chosen([0]) == DocumentBatch([b"a"], [0])
