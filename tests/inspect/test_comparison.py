from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.errors import ConfigError


@pytest.fixture
def encodings(tmp_path):
    """The same documents twice, by bytes and by gpt2."""
    text = tmp_path / "text.txt"
    text.write_text("Hello there, привет\n" * 20, encoding="utf-8")
    options = {"lines": True, "split": "none", "eot": True}
    return [
        corpuskit.prepare(str(text), encoding=name, output=tmp_path / name, **options).path
        for name in ("bytes", "gpt2")
    ]


def test_two_encodings_of_the_same_documents_are_compared_by_byte_and_script(encodings):
    found = corpuskit.compare(*encodings)
    assert found.same_inputs
    assert [one.tokenizer for one in (found.first, found.second)] == ["bytes", "gpt2"]
    assert found.first == corpuskit.stats(encodings[0])
    rates = {one.script: one for one in found.fertility}
    assert [one.script for one in found.fertility] == ["", "Cyrillic", "Latin", "Common"]
    assert {one.first for one in rates.values()} == {1.0}  # a byte is a token
    text = found.second.num_tokens - found.second.num_documents
    assert rates[""].second == pytest.approx(text / found.second.text_bytes)
    gpt2 = {one.script: one for one in found.second.scripts}
    assert rates["Latin"].second == pytest.approx(gpt2["Latin"].num_tokens / gpt2["Latin"].num_bytes)
    assert rates["Latin"].second < rates["Cyrillic"].second


def test_other_inputs_are_said(encodings, corpus_of):
    found = corpuskit.compare(encodings[0], corpus_of(train=["漢字\x1b"]))
    assert not found.same_inputs
    rates = {one.script: (one.first, one.second) for one in found.fertility}
    assert rates["Han"] == (None, 1.0)
    assert "Note: they are not made of the same inputs" in str(found)
    assert ["Han", "none", "1.0000"] in [line.split() for line in str(found).splitlines()]


def test_it_is_shown_side_by_side_and_is_json(encodings):
    found = corpuskit.compare(*encodings)
    lines = str(found).splitlines()
    assert any(line.split() == ["encoding", "bytes", "gpt2"] for line in lines)
    assert "Tokens a byte" in lines
    assert (
        repr(found)
        == f"<Comparison of {str(encodings[0])!r} with {str(encodings[1])!r}; print() shows all of it>"
    )
    value = json.loads(json.dumps(found.to_json()))
    assert value["same_inputs"] is True
    assert value["second"]["tokenizer"] == "gpt2"


def test_options_are_those_of_statistics(encodings):
    found = corpuskit.compare(*encodings, split="train", block_size=8, top=1)
    assert found.second.block_size == 8
    with pytest.raises(ConfigError, match="has no split 'valid'"):
        corpuskit.compare(*encodings, split="valid")
