"""Batches of texts."""

from corpuskit.sources.readers import texts
from corpuskit.sources.readers.texts import batches


def test_batches_keep_texts_and_starts_together(monkeypatch):
    monkeypatch.setattr(texts, "BATCH_DOCUMENTS", 2)
    found = [(batch.texts, batch.starts) for batch in batches([b"a", b"b", b"c"], [0, 2, 4])]
    assert found == [([b"a", b"b"], [0, 2]), ([b"c"], [4])]
    assert list(batches([], [])) == []
