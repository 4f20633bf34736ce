"""A corpus as a dataset: the right rows, over the corpus's own memory."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit_huggingface import corpus_to_hf

TEXTS = ["hello", "a", "some longer text that goes on", "b" * 50, "", "end"]


@pytest.fixture(params=[2**30, 64, 20, 6], ids=lambda size: f"shards of {size}")
def corpus(request, workplace):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS)
    (workplace / "x.jsonl").write_text(lines)
    return corpuskit.prepare("x.jsonl", encoding="bytes", workers=1, shard_bytes=request.param, output="out")


def test_rows_are_documents(corpus) -> None:
    dataset = corpus_to_hf(corpus)
    split = corpus["train"]
    assert dataset.num_rows == split.num_documents == 5
    assert dataset["input_ids"][:] == [[*text.encode(), 256] for text in TEXTS if text]


@pytest.mark.parametrize("block_size", [1, 3, 7, 1000])
def test_rows_are_blocks(corpus, block_size) -> None:
    dataset = corpus_to_hf(corpus, block_size=block_size, column="tokens")
    stream = corpus["train"][:]
    whole = len(stream) // block_size
    assert dataset["tokens"][:] == stream[: whole * block_size].reshape(whole, block_size).tolist()


def test_the_type_is_the_corpus_s(corpus) -> None:
    assert corpus_to_hf(corpus).data.schema.field("input_ids").type == pa.large_list(pa.uint16())
    row = corpus_to_hf(corpus).with_format("numpy", dtype=None)[0]["input_ids"]
    assert row.dtype in (np.uint16, np.int64)
    assert row.tolist() == [*b"hello", 256]


def test_tokens_are_not_copied(workplace) -> None:
    (workplace / "x.jsonl").write_text("".join(f'{{"text": "row {n}"}}\n' for n in range(1000)))
    corpus = corpuskit.prepare("x.jsonl", encoding="bytes", workers=1, output="out")
    shard = corpus["train"].shard(0)
    start = shard.__array_interface__["data"][0]
    for dataset in (corpus_to_hf(corpus), corpus_to_hf(corpus, block_size=16)):
        chunks = dataset.data.column("input_ids").chunks
        assert [chunk.values.buffers()[1].address for chunk in chunks] == [start]


@pytest.mark.parametrize("shard_bytes", [2**30, 64])
@pytest.mark.parametrize("block_size", [None, 7])
def test_what_is_to_be_learned_is_a_column(workplace, shard_bytes, block_size) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    (workplace / "x.jsonl").write_text(f"{json.dumps({'messages': messages})}\n" * 5)
    options = {"format": "chat", "encoding": "bytes", "add_tokens": True, "shard_bytes": shard_bytes}
    split = corpuskit.prepare("x.jsonl", **options, workers=1, output="out")["train"]
    dataset = corpus_to_hf("out", block_size=block_size)
    ids, masks = (np.concatenate(dataset[name][:]) for name in ("input_ids", "assistant_masks"))
    assert ids.tolist() == split[: len(ids)].tolist()
    assert masks.tolist() == split.stream("loss")[: len(ids)].tolist()
    assert 0 < masks.sum() < len(masks)


def test_a_corpus_of_text_has_no_mask(corpus) -> None:
    assert corpus_to_hf(corpus).column_names == ["input_ids"]


def test_the_name_of_a_dataset_follows_from_the_tokens(corpus) -> None:
    one, same = corpus_to_hf(corpus), corpus_to_hf("out")
    assert one._fingerprint == same._fingerprint
    assert corpus_to_hf(corpus, block_size=4)._fingerprint != one._fingerprint


def test_a_dataset_works_as_others_do(corpus) -> None:
    dataset = corpus_to_hf(corpus).filter(lambda row: len(row["input_ids"]) > 5, load_from_cache_file=False)
    assert dataset.num_rows == 3
    assert corpus_to_hf(corpus).with_format("torch")[1]["input_ids"].tolist() == [97, 256]
    assert corpus_to_hf(corpus).select([4, 0])["input_ids"][:] == [[*b"end", 256], [*b"hello", 256]]


def test_what_follows_the_last_document_is_a_row(workplace) -> None:
    (workplace / "x.txt").write_text("one text without documents")
    corpus = corpuskit.prepare("x.txt", encoding="bytes", workers=1, output="out")
    for split in ("train", "valid"):
        assert corpus_to_hf(corpus, split)["input_ids"][:] == [corpus[split][:].tolist()]


def test_wrong_arguments_are_errors(corpus) -> None:
    with pytest.raises(ConfigError, match="block_size: expected a number of tokens, 1 or more, found 0"):
        corpus_to_hf(corpus, block_size=0)
    with pytest.raises(ConfigError, match="has no split 'none'"):
        corpus_to_hf(corpus, "none")
