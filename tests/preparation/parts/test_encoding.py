"""Batches of documents as ids."""

from __future__ import annotations

import json
import sys

import pyarrow as pa
import pytest
from pyarrow import parquet

import corpuskit
from corpuskit.errors import SourceError
from corpuskit.inspect.round_trip import round_trip
from corpuskit.tokenizers.opening import open_tokenizer


@pytest.mark.fault("T6")
def test_special_tokens_in_text_are_text(tmp_path):
    (tmp_path / "text.txt").write_text("before <|endoftext|> after")
    corpus = corpuskit.prepare(
        str(tmp_path / "text.txt"), encoding="gpt2", output=tmp_path / "x", split="none", eot=True
    )
    ids = corpus["train"][:].tolist()
    assert ids.count(50256) == 1
    assert ids == [*open_tokenizer("gpt2").encode("before <|endoftext|> after").tolist(), 50256]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.parquet"])
def test_documents_that_are_too_long_are_left_out_where_broken_ones_are(tmp_path, name):
    texts = ["short", "x" * 5000, "also short"]
    path = tmp_path / name
    if name == "a.txt":
        path.write_text("\n".join(texts))
    elif name == "a.jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    else:
        parquet.write_table(pa.table({"text": texts}), path)
    options = {"lines": True} if name == "a.txt" else {}
    options |= {"encoding": "bytes", "reader_options": {"max_document_bytes": 1000}}
    with pytest.raises(
        SourceError, match="--reader-option max_document_bytes=2000 or --on-bad-document skip"
    ):
        corpuskit.prepare(str(path), output=tmp_path / "refused", **options)
    corpus = corpuskit.prepare(str(path), output=tmp_path / "made", on_bad_document="skip", **options)
    assert corpus.manifest.left_out == {"too-long": 1}
    assert corpus.manifest.splits["train"].num_documents == 2


@pytest.mark.parametrize(
    ("split", "remedy"), [("valid=0.5", "use --split none"), ("none", "another --encoding")]
)
def test_a_document_that_cannot_be_cut_and_held_says_what_can_be_done(tmp_path, monkeypatch, split, remedy):
    path = tmp_path / "a.txt"
    path.write_text("x" * 2000)
    monkeypatch.setattr(sys.modules["corpuskit.preparation.parts.encoding"], "_MAX_DOCUMENT_BYTES", 1000)
    monkeypatch.setattr("corpuskit.sources.readers.text.PIECE_BYTES", 300)
    monkeypatch.setattr("corpuskit.tokenizers.bytes.ByteTokenizer.boundary", lambda self, text, end: 0)
    with pytest.raises(
        SourceError, match=f"a.txt, document at 0: longer than 1,000 bytes, and .*{remedy}"
    ) as e:
        corpuskit.prepare(
            str(path), encoding="bytes", split=split, output=tmp_path / "o", on_bad_document="skip", workers=1
        )
    assert "--on-bad-document" not in str(e.value)


def with_front(corpus, bos_id):
    """The ids of each split with one more in front of each document, and the loss stream with 0 there."""
    ids, loss = {}, {}
    for name in corpus.splits:
        split = corpus[name]
        ends = split.document_ends().tolist()
        cuts = [*zip([0, *ends], ends, strict=False)]
        ids[name] = [one for a, b in cuts for one in (bos_id, *split[a:b].tolist())]
        if "loss" in split.streams:
            loss[name] = [one for a, b in cuts for one in (0, *split.stream("loss")[a:b].tolist())]
    return ids, loss


@pytest.mark.parametrize("eot", [False, True])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("lines", {"lines": True, "split": "valid=0.3", "workers": 2, "part_bytes": 300}),
        ("a text in many parts", {"split": "none", "workers": 2, "part_bytes": 300}),
        ("a text in two splits", {"split": "characters:0.3", "part_bytes": 300, "shard_bytes": 500}),
        ("chat", {"format": "chat", "split": "none", "add_tokens": True}),
    ],
)
def test_an_id_is_in_front_of_each_document_and_nowhere_else(tmp_path, kind, options, eot):
    name = "texts.jsonl" if kind == "chat" else "texts.txt"
    texts = [f"Text {number}. " + "word " * (number % 7) for number in range(60)]
    lines = texts
    if kind == "chat":
        roles = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
        lines = [json.dumps({"messages": roles})] * 5
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    common = {"encoding": "bytes", "eot": eot, "progress": False, **options}
    plain = corpuskit.prepare(tmp_path / name, output=tmp_path / "plain", **common)
    made = corpuskit.prepare(tmp_path / name, output=tmp_path / "made", bos="<|endoftext|>", **common)

    assert (plain.manifest.options.get("bos"), made.manifest.options["bos"]) == (None, "<|endoftext|>")
    ids, loss = with_front(plain, 256)
    assert {split: made[split][:].tolist() for split in made.splits} == ids
    assert {split: made[split].stream("loss")[:].tolist() for split in loss} == loss
    assert not round_trip(made, made.splits, documents=1000).changed
    asked = {name: value for name, value in common.items() if name not in ("progress", "workers")}
    planned = corpuskit.plan(tmp_path / name, bos="<|endoftext|>", **asked)
    assert planned.estimate.tokens.value == sum(map(len, ids.values()))
    with pytest.raises(corpuskit.CorpuskitError, match="bos is '<|endoftext|>' there and None now"):
        corpuskit.prepare(tmp_path / name, output=tmp_path / "made", **common)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_id_that_a_template_writes_in_front_is_not_put_there_twice(tmp_path, workers):
    roles = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    (tmp_path / "texts.jsonl").write_text(json.dumps({"messages": roles}) + "\n")
    common = {
        "format": "chat",
        "template": "llama3",
        "encoding": "bytes",
        "add_tokens": True,
        "split": "none",
    }
    with pytest.raises(corpuskit.CorpuskitError, match="in front of a document already, .* leave bos out"):
        corpuskit.prepare(
            tmp_path / "texts.jsonl",
            output=tmp_path / "made",
            bos="<|begin_of_text|>",
            workers=workers,
            progress=False,
            **common,
        )
    made = corpuskit.prepare(tmp_path / "texts.jsonl", output=tmp_path / "made", progress=False, **common)
    assert made.decode(made["train"].document(0)).count("<|begin_of_text|>") == 1
