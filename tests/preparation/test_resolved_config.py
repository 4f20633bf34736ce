"""Options that cannot be kept are refused, and what the tokenizer cannot do is said and recorded."""

from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError
from corpuskit.preparation.api import commit_parts, run


def test_an_end_of_text_that_the_tokenizer_has_not_is_refused_before_any_work(tmp_path):
    missing = str(tmp_path / "never-looked-at.jsonl")
    with pytest.raises(ConfigError, match="--eot: tokenizer 'chars' has no end-of-text id"):
        corpuskit.prepare(missing, encoding="chars", eot=True, output=tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("eot", [None, False])
def test_a_second_run_finds_the_corpus_without_ends_of_text(records, tmp_path, eot):
    options = {"encoding": "chars", "output": str(tmp_path / "x"), "eot": eot}
    config = PrepareConfig.make({"dataset": str(records)}, options)
    assert [run(config).made, run(config).made] == [True, False]


def test_asking_for_ends_of_text_where_a_corpus_without_them_is_there_says_that_they_cannot_be(
    records, tmp_path
):
    corpuskit.prepare(str(records), encoding="chars", output=tmp_path / "x")
    with pytest.raises(ConfigError, match="has no end-of-text id"):
        corpuskit.prepare(str(records), encoding="chars", output=tmp_path / "x", eot=True)


@pytest.mark.parametrize(
    ("option", "value", "flag"),
    [
        ("location", "elsewhere.txt", "--from"),
        ("format", "jsonl", "--format"),
        ("text_field", "body", "--text-field"),
        ("separator", "|", "--separator"),
        ("lines", True, "--lines"),
    ],
)
def test_what_a_corpus_with_code_of_its_own_does_nothing_about_is_refused(tmp_path, option, value, flag):
    with pytest.raises(ConfigError, match=f"{flag} .* corpus 'python-docs' .* leave {flag} out"):
        corpuskit.prepare("python-docs", encoding="bytes", output=tmp_path / "x", **{option: value})
    assert not (tmp_path / "x").exists()


def test_a_work_folder_is_refused_where_nothing_is_uploaded(records, tmp_path):
    with pytest.raises(ConfigError, match="--work-dir .* leave --work-dir out"):
        corpuskit.prepare(str(records), encoding="bytes", output=tmp_path / "x", work_dir=tmp_path)


def test_a_share_of_the_parts_is_no_whole_corpus(records, tmp_path):
    options = {"encoding": "bytes", "output": str(tmp_path / "x"), "parts": "1/2"}
    config = PrepareConfig.make({"dataset": str(records)}, options)
    for call in (run, commit_parts):
        with pytest.raises(ConfigError, match="parts = '1/2': .* leave it out"):
            call(config)
    with pytest.raises(ConfigError, match="parts = '1/2'"):
        corpuskit.plan(config=config)


def test_what_conversations_were_written_by_is_recorded_though_it_was_not_said(tmp_path):
    talk = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    (tmp_path / "chat.jsonl").write_text(json.dumps({"messages": talk}) + "\n")
    told = {
        "format": "chat",
        "encoding": "bytes",
        "add_tokens": True,
        "split": "none",
        "output": tmp_path / "c",
    }
    corpus = corpuskit.prepare(tmp_path / "chat.jsonl", **told)
    options = corpus.manifest.options
    assert (options["template"], options["train_on"]) == ("chatml", "assistant")
    assert (options["tools"], options["reasoning"]) == (True, "all")
    said = {
        "template": "chatml",
        "train_on": "assistant",
        "reader_options": {"tools": True, "reasoning": "all"},
    }
    assert corpuskit.prepare(tmp_path / "chat.jsonl", **told, **said).fingerprint == corpus.fingerprint
