"""Conversations come out as each alone does, however the work is cut, and a mask never moves."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.chat.opening import open_template
from corpuskit.config import PrepareConfig
from corpuskit.errors import CorpusFormatError
from corpuskit.preparation.api import commit_parts, make_parts
from corpuskit.sources.readers import base as reader

TEMPLATES = ("chatml", "llama3", "harmony", "plain")
CONTROL = {name: open_template(name).control_tokens for name in TEMPLATES}
SPELLINGS = sorted({one for names in CONTROL.values() for one in names if one} | {"<|endoftext|>"})
ROLES = ("user", "assistant", "tool")

texts = st.lists(
    st.sampled_from([*SPELLINGS, "<|", "|>", "\n", "\n\n", " ", "é", "日本", "🙂", "e\u0301", "the", "12"])
    | st.text(st.characters(exclude_categories=["C"]), max_size=3),
    max_size=6,
).map("".join)  # fmt: skip


@st.composite
def conversations(draw: st.DrawFn) -> dict[str, Any]:
    """A record with a few messages, in which a tool answers what calls it."""
    messages: list[dict[str, Any]] = []
    if draw(st.booleans()):
        messages.append({"role": "system", "content": draw(texts)})
    for _ in range(draw(st.integers(1, 3))):
        messages.append({"role": "user", "content": draw(texts)})
        answer: dict[str, Any] = {"role": "assistant", "content": draw(texts)}
        kind = draw(st.sampled_from(["plain", "plain", "thinks", "not learned", "calls"]))
        if kind == "thinks":
            answer["reasoning"] = draw(texts)
        if kind == "not learned":
            answer["weight"] = 0
        if kind == "calls":  # a conversation never ends so
            call = {"name": "f", "arguments": json.dumps({"x": draw(texts)})}
            answer = {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "function": call}]}
            messages += [answer, {"role": "tool", "tool_call_id": "1", "content": draw(texts)}]
            continue
        messages.append(answer)
    messages[-1]["content"] += "."  # so that no conversation is left out as empty
    tools = [{"type": "function", "function": {"name": "f", "description": draw(texts)}}]
    return {"messages": messages, "tools": tools}


def documents(corpus: corpuskit.Corpus) -> dict[int, tuple[list[int], list[int], int]]:
    """The ids, the loss, and the bytes of text of each document, by where it starts in its input."""
    found = {}
    for name in corpus.splits:
        split = corpus[name]
        loss, sizes = split.stream("loss"), split.document_text_bytes()
        for number, (_, start) in enumerate(split.document_places().tolist()):
            piece = split.document_piece(number)
            ids = split[piece.start : piece.stop].tolist()
            found[start] = ids, loss[piece.start : piece.stop].tolist(), int(sizes[number])
        assert len(loss) == len(split)
    return found


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    records=st.lists(conversations(), min_size=1, max_size=10),
    template=st.sampled_from(TEMPLATES),
    encoding=st.sampled_from(["bytes", "gpt2"]),
    eot=st.booleans(),
    train_on=st.sampled_from(["assistant", "last", "all"]),
    cut=st.fixed_dictionaries(
        {
            "part_bytes": st.integers(100, 4000),
            "shard_bytes": st.integers(2, 2000),
            "split": st.sampled_from(["none", "valid=0.4", "valid=0.3,test=0.3"]),
            "max_tokens": st.none() | st.integers(1, 300),
        }
    ),
    batch_documents=st.integers(1, 5),
)
def test_every_conversation_is_as_it_is_alone_however_the_work_is_cut(
    records, template, encoding, eot, train_on, cut, batch_documents
):
    """With every spelling of a control token broken up, the same control tokens are there, and no more."""
    ways = {
        "format": "chat", "template": template, "encoding": encoding, "add_tokens": True, "workers": 1,
        "eot": eot, "train_on": train_on,
    }  # fmt: skip
    lines = [f"{json.dumps(record)}\n" for record in records]
    alone, start = {}, 0
    with tempfile.TemporaryDirectory() as place, mock.patch.object(os, "fsync"):

        def made(name: str, text: str, **more: Any) -> corpuskit.Corpus:
            path = Path(place, f"{name}.jsonl")
            path.write_text(text)
            return corpuskit.prepare(str(path), output=Path(place, name), **ways, **more)

        for number, line in enumerate(lines):
            alone[start] = documents(made(f"one{number}", line, split="none"))[0]
            start += len(line)
        with mock.patch.object(reader, "BATCH_DOCUMENTS", batch_documents):
            corpus = made("corpus", "".join(lines), **cut)
        found = documents(corpus)
        assert found == {start: alone[start] for start in [*alone][: len(found)]}
        assert len(found) == len(alone) or sum(len(one[0]) for one in found.values()) >= cut["max_tokens"]
        assert corpuskit.verify(corpus.path) == []
        broken = documents(made("broken", "".join(lines).replace("<|", "<:"), split="none"))
    controls = {*corpus.tokenizer.control_ids.values()}
    for start, (ids, _, _) in found.items():
        assert [n for n in ids if n in controls] == [n for n in broken[start][0] if n in controls]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_flipped_byte_of_the_loss_is_found_whoever_reads_it(tmp_path, template):
    path = tmp_path / "a.jsonl"
    said = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "yes"}]}
    path.write_text(json.dumps(said) + "\n")
    corpus = corpuskit.prepare(
        str(path), output=tmp_path / "x", format="chat", template=template, encoding="bytes", add_tokens=True
    )
    (file,) = corpus.path.glob("*.loss.bin")
    data = file.read_bytes()
    assert 0 < np.frombuffer(data, np.uint8).sum() < len(data)
    for at in range(len(data)):
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert [problem.file for problem in corpuskit.verify(corpus.path)] == [file.name]


def test_the_same_bytes_by_any_number_of_workers_and_of_parts_that_were_made_before(said, tmp_path):
    """What is read again of parts' records is what was written, the streams' fill too."""
    told = {
        "dataset": str(said), "encoding": "bytes", "format": "chat", "add_tokens": True, "split": "valid=0.2",
        "part_bytes": 8_000, "shard_bytes": 3_000,
    }  # fmt: skip
    for workers in (1, 2, 4):
        corpuskit.prepare(**told, output=tmp_path / f"{workers}", workers=workers)
    for parts in ("3/3", "1/3", "2/3"):
        make_parts(PrepareConfig.make({**told, "output": tmp_path / "parts", "parts": parts, "workers": 1}))
    commit_parts(PrepareConfig.make({**told, "output": tmp_path / "parts"}))
    assert len([*tmp_path.glob("1/train-*.loss.bin")]) > 4
    for name in ("2", "4", "parts"):
        for file in Path(tmp_path, "1").iterdir():
            assert file.name == "run.json" or file.read_bytes() == (tmp_path / name / file.name).read_bytes()


@pytest.mark.parametrize("damage", ["missing", "short", "long", "folder"])
def test_a_file_of_a_stream_that_is_not_as_the_manifest_says_is_found_when_it_is_opened(
    said, chat_options, tmp_path, damage
):
    corpus = corpuskit.prepare(str(said), output=tmp_path / "x", **chat_options)
    path = corpus.path / "valid-00000.loss.bin"
    data = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes(data[:-1] if damage == "short" else data + b"\0")
    with pytest.raises(CorpusFormatError, match=r"valid-00000\.loss\.bin: [^\n]*$"):
        corpuskit.open(corpus.path)["valid"].stream("loss")[:1]
    with pytest.raises(CorpusFormatError, match=r"valid-00000\.loss\.bin: [^\n]*$"):
        corpuskit.verify(corpus.path)
