from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import corpuskit

_spec = importlib.util.spec_from_file_location(
    "tests.batches.conftest", Path(__file__).parents[1] / "batches/conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_streams = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_streams)
make_split, split_of = _streams.make_split, _streams.split_of

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
