"""`corpuskit.export`."""

from __future__ import annotations

import pytest

import corpuskit
from corpuskit.errors import ConfigError, UnknownName


def test_an_open_corpus_and_its_folder_give_the_same_files(make_corpus, tmp_path):
    corpus = make_corpus()
    one = corpuskit.export(corpus, "nanogpt", tmp_path / "one")
    other = corpuskit.export(str(corpus.path), "nanogpt", str(tmp_path / "other"))
    assert [path.name for path in one] == [path.name for path in other]
    assert one[-1].name == "export.json"
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_an_export_is_replaced_only_when_asked(make_corpus, tmp_path):
    corpus = make_corpus()
    corpuskit.export(corpus, "nanogpt", tmp_path / "out")
    with pytest.raises(ConfigError, match="overwrite"):
        corpuskit.export(corpus, "megatron", tmp_path / "out")
    corpuskit.export(corpus, "megatron", tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "train.idx").exists()


def test_an_unknown_format_names_what_was_meant(make_corpus, tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'nanogpt'"):
        corpuskit.export(make_corpus(), "nano-gpt", tmp_path / "out")
