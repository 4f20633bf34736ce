"""Targets are counted from the loss stream, whatever its shards cut, and compared with the manifest."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import CorpusFormatError


@pytest.fixture(scope="module")
def chats(tmp_path_factory):
    """Conversations in tiny shards, of which every fifth has no answer; and a split without a single file."""
    folder = tmp_path_factory.mktemp("chats")
    records = []
    for number in range(60):
        one = [{"role": "user", "content": f"question {number}"}]
        if number % 5:
            one.append({"role": "assistant", "content": "answer " * (number % 7)})
        records.append({"messages": one})
    (folder / "a.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    return corpuskit.prepare(
        folder / "a.jsonl",
        format="chat",
        encoding="bytes",
        add_tokens=True,
        split="valid=0.2",
        shard_bytes=500,
        output=folder / "c",
        progress=False,
    )


def test_targets_and_documents_without_any_are_counted(chats):
    found = corpuskit.stats(chats)
    assert len(chats.manifest.splits["train"].shards) > 3
    without = []
    for one in found.splits:
        split = chats[one.name]
        loss = split.stream("loss")
        assert one.num_targets == int(np.count_nonzero(loss[:]))
        pieces = [split.document_piece(number) for number in range(split.num_documents)]
        without += [(one.name, p.document) for p in pieces if not loss[p.start : p.stop].any()]
    assert found.num_targets == sum(one.num_targets for one in found.splits)
    assert found.untrained.count == len(without) == 12
    assert [(one.split, one.document) for one in found.untrained.examples] == without[:5]
    assert f"targets     {found.num_targets:,}, " in str(found)
    assert "Documents without a target: 12 (20.0 %)" in str(found)
    assert found.to_json()["num_targets"] == found.num_targets


def test_a_corpus_without_a_mask_has_no_targets(tmp_path):
    (tmp_path / "a.txt").write_text("some text")
    corpus = corpuskit.prepare(tmp_path / "a.txt", encoding="bytes", split="none", output=tmp_path / "t")
    found = corpuskit.stats(corpus)
    assert found.num_targets is None
    assert found.splits[0].num_targets is None
    assert "targets" not in str(found)


def test_a_damaged_mask_is_no_statistics(chats, tmp_path):
    import shutil

    path = shutil.copytree(chats.path, tmp_path / "c")
    data = bytearray((path / "train-00001.loss.bin").read_bytes())
    data[3] ^= 1
    (path / "train-00001.loss.bin").write_bytes(data)
    with pytest.raises(CorpusFormatError, match=r"train-00001\.loss\.bin: sha256"):
        corpuskit.stats(path)


def test_progress_ends_where_the_streams_do(chats):
    seen = []
    corpuskit.stats(chats, on_progress=seen.append)
    assert seen[-1].done_bytes == seen[-1].total_bytes
    assert [one.done_bytes for one in seen] == sorted(one.done_bytes for one in seen)


def test_documents_without_a_target_are_unhealthy(chats):
    rules = {"duplicates": 1.0, "leak": 1.0}
    (found,) = corpuskit.health(chats, rules=rules)
    assert str(found).startswith("untrained: 12 documents of 60 have no target; ")
    assert not corpuskit.health(chats, rules={**rules, "untrained": 0.2})
