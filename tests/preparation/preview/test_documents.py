"""Documents that are shown before they are prepared are those that are prepared."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.config import PrepareConfig
from corpuskit.preparation.preview.documents import PreviewedDocuments


@pytest.fixture
def files(tmp_path):
    for name in "ab":
        records = [
            {
                "messages": [
                    {"role": "user", "content": f"{name}{n}"},
                    {"role": "assistant", "content": "é" * n},
                ]
            }
            for n in range(1, 40)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    return [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]


@pytest.mark.parametrize("eot", [False, True])
def test_they_have_the_ids_and_the_mask_of_the_corpus(files, tmp_path, eot):
    said = {"dataset": files, "format": "chat", "encoding": "gpt2", "add_tokens": True, "split": "none"}
    said |= {"part_bytes": 1000, "eot": eot}
    found = [*PreviewedDocuments(PrepareConfig.make({}, said))]
    corpus = corpuskit.prepare(config=PrepareConfig.make({}, {**said, "output": tmp_path / "c"}))
    split = corpus["train"]
    assert len(found) == split.num_documents
    for number, one in enumerate(found):
        piece = split.document_piece(number)
        assert (one.input, one.input_start) == (piece.input, piece.input_start)
        np.testing.assert_array_equal(one.ids, split.document(number))
        np.testing.assert_array_equal(one.learned, split.stream("loss")[piece.start : piece.stop])


def test_documents_of_text_are_learned_whole(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    documents = PreviewedDocuments(
        PrepareConfig.make(
            {}, {"dataset": str(tmp_path / "a.txt"), "lines": True, "encoding": "bytes", "split": "none"}
        )
    )
    assert [bytes(one.ids[:3].tolist()) for one in documents] == [b"one", b"two"]
    assert all(one.learned.all() for one in documents)
