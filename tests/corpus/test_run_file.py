"""What run.json says, where there is one."""

from __future__ import annotations

import pytest

import corpuskit
from corpuskit.corpus.run_file import run_of


@pytest.fixture
def corpus(prepared):
    return corpuskit.open(prepared("text", "bytes"))


def test_what_the_run_said_is_read(corpus):
    assert run_of(corpus)["num_tokens"] == sum(len(split) for split in corpus.values())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"license": 3, "plugins": "x", "num_tokens": "many"}'])
def test_what_is_damaged_or_of_another_kind_says_nothing(corpus, text):
    (corpus.path / "run.json").write_text(text)
    assert run_of(corpus) == {}


def test_a_corpus_without_the_file_says_nothing(corpus):
    (corpus.path / "run.json").unlink()
    assert run_of(corpus) == {}
