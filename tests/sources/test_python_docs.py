"""The language reference as a corpus."""

from __future__ import annotations

import hashlib

from corpuskit.sources.lookup import open_source
from corpuskit.sources.python_docs import PythonDocs


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_python_docs_are_their_topics_in_order():
    from pydoc_data.topics import topics

    source = open_source("python-docs")
    assert isinstance(source, PythonDocs)
    (item,) = source.inputs()
    data = "".join(topics[name] for name in sorted(topics)).encode()
    assert (item.name, item.size_bytes, item.sha256) == ("pydoc_data.topics", len(data), sha256(data))
    batches = list(source.read(item, *source.slices(item, target_bytes=1), print))
    texts = [text for batch in batches for text in batch.texts]
    starts = [start for batch in batches for start in batch.starts]
    assert b"".join(texts) == data
    assert all(data[start:].startswith(text) for text, start in zip(texts, starts, strict=True))
    assert len(texts) == len(topics)
