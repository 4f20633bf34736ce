"""What a run says of itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import SourceError


@pytest.mark.fault("T7")
def test_text_without_a_token_is_an_error(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    with pytest.raises(SourceError, match="no text: every document is empty or left out"):
        corpuskit.prepare(str(tmp_path / "empty.txt"), encoding="bytes", output=tmp_path / "x", split="none")


def test_empty_splits_stay_and_say_so(tmp_path):
    (tmp_path / "text.txt").write_text("one document")
    corpus = corpuskit.prepare(
        str(tmp_path / "text.txt"), encoding="bytes", output=tmp_path / "x", split="valid=0.000001"
    )
    assert len(corpus["valid"]) == 0
    assert corpus["valid"][:].tolist() == []
    assert corpus["valid"].document_ends().tolist() == []


@pytest.mark.parametrize("part_bytes", [50, 10**6])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_separator_that_occurs_nowhere_is_said_to(tmp_path, caplog, part_bytes, workers):
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("\n\n".join(f"paragraph {n}" for n in range(20)))

    def warnings(separator, name):
        caplog.clear()
        corpuskit.prepare(
            str(tmp_path / "*.txt"),
            encoding="bytes",
            separator=separator,
            part_bytes=part_bytes,
            workers=workers,
            output=tmp_path / name,
        )
        return [r.getMessage() for r in caplog.records if "separator" in r.getMessage()]

    assert warnings("\n\n", "found") == []
    assert warnings("paragraph 19", "at the end only") == []
    (message,) = warnings(r"\n\n", "nowhere")
    assert message.startswith(
        "the separator '\\\\n\\\\n' occurs nowhere, so each file is one document; its backslash"
    )
    assert "--separator" in message
    (message,) = warnings("<|endoftext|>", "nowhere either")
    assert "backslash" not in message


def test_the_record_says_where_the_inputs_are(tmp_path):
    (tmp_path / "texts" / "more").mkdir(parents=True)
    (tmp_path / "texts" / "a.txt").write_text("one")
    (tmp_path / "texts" / "more" / "b.txt").write_text("two")
    corpuskit.prepare(str(tmp_path / "texts"), encoding="bytes", output=tmp_path / "c")
    run = json.loads((tmp_path / "c" / "run.json").read_bytes())
    assert run["inputs_folder"] == f"{tmp_path}/texts/"
    corpuskit.prepare("python-docs", encoding="bytes", output=tmp_path / "d")
    assert json.loads((tmp_path / "d" / "run.json").read_bytes())["inputs_folder"] is None


def targets_of(folder, messages, caplog, **options):
    """How many targets there are of conversations of these messages, and whether it warns."""
    path = folder / "convs.jsonl"
    path.write_text("".join(json.dumps({"messages": one}) + "\n" for one in messages))
    options = {"format": "chat", "template": "plain", "encoding": "bytes", **options}
    corpus = corpuskit.prepare(path, output=folder / "made", **options)
    run = json.loads((corpus.path / "run.json").read_text())
    found = sum(int(np.count_nonzero(split.stream("loss")[0 : len(split)])) for split in corpus.values())
    assert run["num_targets"] == found
    return found, any("no token is a target" in record.getMessage() for record in caplog.records)


USER, ANSWER = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("messages", [[USER], [USER, {**ANSWER, "weight": 0}]])
def test_conversations_in_which_nothing_is_learned_are_said_to_be_that(tmp_path, caplog, messages, workers):
    assert targets_of(tmp_path, [messages] * 9, caplog, workers=workers, part_bytes=100) == (0, True)


def test_targets_are_counted_and_nothing_is_said_where_there_are_some(tmp_path, caplog):
    found, warned = targets_of(tmp_path, [[USER], [USER, ANSWER]], caplog)
    assert found > 0
    assert not warned


def test_targets_after_the_limit_of_tokens_do_not_count(tmp_path, caplog):
    messages = [[USER]] * 9 + [[USER, ANSWER]]
    assert targets_of(tmp_path, messages, caplog, max_tokens=10, split="none") == (0, True)


def test_a_corpus_of_texts_has_no_targets_to_count(tmp_path, caplog):
    (tmp_path / "a.txt").write_text("text")
    corpus = corpuskit.prepare(tmp_path / "a.txt", encoding="bytes", output=tmp_path / "x")
    assert json.loads((corpus.path / "run.json").read_text())["num_targets"] is None
    assert "target" not in caplog.text
