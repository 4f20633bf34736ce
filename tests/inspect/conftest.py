"""Corpora that are written as a test likes, id by id, and what they look like by slow and simple means."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from corpuskit import sealed
from corpuskit.corpus.index import new_rows
from corpuskit.tokenizers.bytes import ByteTokenizer

EOT = 256


class Written:
    """A corpus of bytes, written from the ids of its documents.

    Args:
        folder: Where it goes.
        splits: The documents of each split: pairs of an input's number and ids.
        shard_tokens: How many tokens the shards have, again and again.
        dtype: "<u2" or "<u4".
        num_inputs: How many inputs there are.
        tail: Ids after the last document of each split.
    """

    def __init__(self, folder, splits, *, shard_tokens=(7,), dtype="<u2", num_inputs=3, tail=()):
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.splits, self.tail = folder, splits, list(tail)
        records = {name: self._write(name, splits[name], shard_tokens, dtype) for name in splits}
        empty = hashlib.sha256(b"").hexdigest()
        inputs = [
            {"name": f"input-{n}.txt", "size_bytes": 0, "sha256": empty, "split": None}
            for n in range(num_inputs)
        ]
        value = {
            "format_version": 2,
            "corpuskit_version": "0",
            "dataset": "written",
            "inputs": inputs,
            "tokenizer": {
                "name": "bytes",
                "vocab_size": 257,
                "eot_id": EOT,
                "fingerprint": ByteTokenizer().fingerprint,
                "state": None,
            },
            "dtype": dtype,
            "options": {"eot": True},
            "left_out": {},
            "left_out_files": {},
            "splits": records,
        }
        (folder / "manifest.json").write_bytes(sealed.to_bytes(value))

    def _write(self, name, documents, shard_tokens, dtype):
        ids = np.array([one for _, document in documents for one in document] + self.tail, dtype)
        ends = np.cumsum([len(document) for _, document in documents], dtype=np.int64)
        sources = np.array([source for source, _ in documents], np.int64)
        starts = np.arange(len(documents)) * 10
        shards, at, number = [], 0, 0
        while at < len(ids):
            size = min(shard_tokens[number % len(shard_tokens)], len(ids) - at)
            last = at + size == len(ids)
            here = (ends >= at) & ((ends <= at + size) if last else (ends < at + size))
            shards.append(
                self._write_shard(
                    name, number, ids[at : at + size], ends[here] - at, sources[here], starts[here]
                )
            )
            at, number = at + size, number + 1
        return {
            "num_tokens": len(ids),
            "num_documents": len(documents) if shards else 0,
            "shards": shards,
        }

    def _write_shard(self, name, number, ids, ends, sources, starts):
        file = f"{name}-{number:05d}.bin"
        rows = new_rows(ends, 0, starts)
        rows[:, 1] = sources
        (self.path / file).write_bytes(ids.tobytes())
        (self.path / file.replace(".bin", ".idx")).write_bytes(rows.tobytes())
        return {
            "file": file,
            "num_tokens": len(ids),
            "num_documents": len(rows),
            "size_bytes": ids.nbytes,
            "sha256": hashlib.sha256(ids.tobytes()).hexdigest(),
            "index_sha256": hashlib.sha256(rows.tobytes()).hexdigest(),
        }


@pytest.fixture(scope="session")
def written():
    return Written


@pytest.fixture
def corpus_of(tmp_path):
    """Writes a corpus of texts, each a document with an end-of-text id: `corpus_of(train=["a", "b"])`."""

    def write(*, eot=True, **splits) -> Path:
        documents = {
            name: [
                (number % 3, [*text.encode(), *([EOT] if eot else [])]) for number, text in enumerate(texts)
            ]
            for name, texts in splits.items()
        }
        number = len(list(tmp_path.iterdir()))
        return Written(tmp_path / f"corpus-{number}", documents, shard_tokens=(50,)).path

    return write


_spec = importlib.util.spec_from_file_location(
    "tests.batches.conftest", Path(__file__).parents[1] / "batches/conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_streams = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_streams)
make_split = _streams.make_split
