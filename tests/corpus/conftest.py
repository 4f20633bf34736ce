from __future__ import annotations

from pathlib import Path

import pytest

import corpuskit

DOCUMENTS = [b"one\n", b"two two\n", "drei dré\n".encode(), b"four\n" * 9]


@pytest.fixture
def corpus_path(tmp_path: Path) -> Path:
    """A corpus of four documents in bytes, with an end-of-text id after each, in two shards."""
    text = tmp_path / "text.txt"
    text.write_bytes(b"|".join(DOCUMENTS))
    output = tmp_path / "corpus"
    corpuskit.prepare(
        str(text), encoding="bytes", output=output, separator="|", split="none", eot=True, shard_bytes=60
    )
    return output
