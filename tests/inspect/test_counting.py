from __future__ import annotations

import hashlib
import json

import pytest

import corpuskit
from corpuskit import sealed
from corpuskit.errors import CorpusFormatError
from corpuskit.on_progress import Progress


def test_a_damaged_shard_or_index_is_no_statistics(corpus_of):
    path = corpus_of(train=["some text", "more text"])
    for name in ("train-00000.bin", "train-00000.idx"):
        data = (path / name).read_bytes()
        (path / name).write_bytes(bytes([data[0] ^ 1]) + data[1:])
        with pytest.raises(CorpusFormatError, match=rf"{name}: sha256 .*; make the corpus again"):
            corpuskit.stats(path)
        (path / name).write_bytes(data)


def change(path, name, field, data):
    (path / name).write_bytes(data)
    value = json.loads((path / "manifest.json").read_bytes())
    value.pop("sha256")
    value["splits"]["train"]["shards"][0][field] = hashlib.sha256(data).hexdigest()
    (path / "manifest.json").write_bytes(sealed.to_bytes(value))


def test_what_makes_no_sense_is_refused_under_a_right_checksum(corpus_of):
    path = corpus_of(train=["some text"])
    data = (path / "train-00000.bin").read_bytes()
    change(path, "train-00000.bin", "sha256", b"\xff\xff" + data[2:])
    with pytest.raises(CorpusFormatError, match="id 65,535 is outside the vocabulary of 257 ids"):
        corpuskit.stats(path)
    change(path, "train-00000.bin", "sha256", data)
    data = (path / "train-00000.idx").read_bytes()
    change(path, "train-00000.idx", "index_sha256", data[:8] + b"\x09" + data[9:])
    with pytest.raises(CorpusFormatError, match="names input 9 of 3 inputs"):
        corpuskit.stats(path)


def test_progress_ends_where_the_shards_do(corpus_of):
    seen: list[Progress] = []
    found = corpuskit.stats(corpus_of(train=["text"] * 30, valid=["more"] * 30), on_progress=seen.append)
    assert [one.done_bytes for one in seen] == sorted(one.done_bytes for one in seen)
    assert seen[-1].done_bytes == seen[-1].total_bytes == found.size_bytes
    assert {one.stage for one in seen} == {"stats"}
