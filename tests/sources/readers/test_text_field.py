"""Files whose texts are in different fields, prepared together."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpuskit
from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import Input
from corpuskit.sources.readers.text_field import candidates, chosen


@pytest.fixture
def raw(tmp_path, monkeypatch):
    """A folder of files in several formats, each with fields of its own."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "a.csv").write_text("id,body\n1,from csv\n")
    records = [{"text": "one"}, {"content": "two"}, {"content": "not this", "text": "three"}]
    (folder / "b.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "c.jsonl").write_text(json.dumps({"data": {"text": "deep"}}) + "\n")
    return folder


def texts(dataset, **options):
    corpus = corpuskit.prepare(
        str(dataset), encoding="bytes", split="none", output="out", overwrite=True, **options
    )
    split = corpus["train"]
    return [corpus.decode(split.document(number)[:-1]) for number in range(split.num_documents)]


@pytest.mark.parametrize(
    "said",
    [
        "body,text,content,data.text",
        ["body", "text", "content", "data.text"],
        ["text,content", "*.csv=body", "c.*=data.text"],
        ["*.csv=nothing,body", "*.jsonl=data.text,text,content"],
    ],
)
def test_files_with_different_fields_are_one_corpus(raw, said):
    assert texts("./raw", text_field=said) == ["from csv", "one", "two", "three", "deep"]


@pytest.mark.parametrize(("pattern", "warned"), [("*.cvs=body", True), ("d.csv=body", True), ("x=y", False)])
def test_a_pattern_that_no_file_is_like_is_said(raw, caplog, pattern, warned):
    texts("./raw", text_field=[pattern, "body,text,content,data.text"])
    said = f"--text-field {pattern!r} is for no file: none has a name like it"
    assert (said in caplog.text) == warned


def test_the_order_is_that_of_preference(raw):
    (raw / "a.csv").write_text("text,body\nthe text,the body\n")
    assert texts("./raw/a.csv", text_field="body,text") == ["the body"]
    assert texts("./raw/a.csv", text_field="text,body") == ["the text"]
    assert texts("./raw/a.csv", text_field=["text", "a.csv=body"]) == ["the body"]
    assert texts("./raw/b.jsonl", text_field="content,text") == ["one", "two", "not this"]


def test_a_name_with_a_comma_that_is_there_is_meant(raw):
    (raw / "a.csv").write_text('"a,b",a,x=y\ncomma,plain,equals\n')
    (raw / "b.jsonl").write_text(json.dumps({"a,b": "comma", "a": "plain"}) + "\n")
    assert texts("./raw/a.csv", text_field="a,b") == ["comma"]
    assert texts("./raw/b.jsonl", text_field="a,b") == ["comma"]
    assert texts("./raw/a.csv", text_field="x=y") == ["equals"]
    assert texts("./raw/a.csv", text_field="b,a") == ["plain"]


def test_files_that_no_pattern_is_for_have_the_usual_field(raw):
    (raw / "c.jsonl").unlink()
    assert texts("./raw", text_field="*.csv=body") == ["from csv", "one", "three"]


def test_a_file_with_none_of_the_fields_says_what_it_has(raw):
    with pytest.raises(SourceError, match=r"^a.csv: no column 'text' or 'content'; it has: id, body; choose"):
        texts("./raw", text_field="text,content")
    with pytest.raises(SourceError, match=r"^c.jsonl:1: no field 'x' or 'y' \(it has: data\) in the"):
        texts("./raw/c.jsonl", text_field="x,y", on_missing="error")


def test_what_is_said_is_recorded_and_known_again(raw):
    said = ["body,text", "c.*=data.text"]
    options = {"text_field": said, "encoding": "bytes", "split": "none", "output": "out"}
    made = corpuskit.prepare("./raw", **options)
    assert made.manifest.options["text_field"] == said
    assert corpuskit.prepare("./raw", **options).fingerprint == made.fingerprint
    with pytest.raises(ConfigError, match="text_field is "):
        corpuskit.prepare("./raw", **{**options, "text_field": "body"})


@pytest.mark.parametrize("said", [[], [""], "", ["a", ""], [3]])
def test_what_names_no_field_is_refused(raw, said):
    with pytest.raises(ConfigError, match=r"--text-field .*: expected|text_field\[0\] = 3: must be text"):
        texts("./raw/b.jsonl", text_field=said)


@given(st.lists(st.text(st.characters(exclude_characters=",="), min_size=1), min_size=1, unique=True))
def test_names_without_signs_are_candidates_in_their_order(names):
    item = Input("a.csv", 1, "")
    assert candidates(",".join(names), item)[-len(names) :] == names
    assert candidates(names, item) == names
    assert chosen(candidates(names, item), names[1:]) == (names[1] if len(names) > 1 else None)
