"""What is encoded for a batch is from all over it, and no conversation is cut."""

from __future__ import annotations

import pytest

from corpuskit.preparation.preview.some_text import num_ids, some_of
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.tokenizers.bytes import ByteTokenizer
from corpuskit.tokenizers.pieces import DocumentPiece

TEXTS = [bytes([65 + number]) * 1000 for number in range(20)]
PIECES = [[DocumentPiece(b""), DocumentPiece(text), DocumentPiece(b"", is_control=True)] for text in TEXTS]


@pytest.mark.parametrize("pieces", [None, PIECES])
def test_all_or_nothing(pieces):
    batch = DocumentBatch(TEXTS, [*range(20)], pieces=pieces)
    assert some_of(batch, None, 0.5) is batch
    assert some_of(batch, 10**6, 0.5).texts == TEXTS
    assert some_of(batch, 0, 0.5).texts == []
    assert num_ids(ByteTokenizer(), batch) == 20 * (1000 if pieces is None else 1001)


@pytest.mark.parametrize("phase", [0, 0.3, 0.99])
def test_conversations_are_taken_whole_from_all_over(phase):
    some = some_of(DocumentBatch(TEXTS, [*range(20)], pieces=PIECES), 5000, phase)
    assert len(some.texts) == 5
    assert some.pieces == [PIECES[number] for number in some.starts]
    assert [b - a for a, b in zip(some.starts, some.starts[1:], strict=False)] == [4] * 4
