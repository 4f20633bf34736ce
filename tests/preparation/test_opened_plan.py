"""Opening the tokenizer and planning: what is said about ends of documents, and what cannot be planned."""

from __future__ import annotations

import logging

import pytest

import corpuskit
from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError
from corpuskit.preparation.opened_plan import open_plan
from corpuskit.preparation.resolved_config import ResolvedConfig

UNSEPARATED = "documents follow each other unseparated"


def options_of(corpus):
    return corpus.manifest.options


@pytest.mark.parametrize(("encoding", "dtype"), [("bytes", "<u2"), ("gpt2", "<u2"), ("cl100k_base", "<u4")])
def test_the_recipe_has_the_smallest_type_that_holds_every_id(records, encoding, dtype):
    stages = []
    config = PrepareConfig.make({"dataset": str(records), "encoding": encoding})
    resolved = ResolvedConfig(config, on_fetch=pytest.fail)
    opened = open_plan(resolved, resolved.source.inputs(), lambda progress: stages.append(progress.stage))
    assert opened.plan.recipe.dtype == dtype
    assert opened.plan.recipe.tokenizer.fingerprint == opened.tokenizer.fingerprint
    assert stages == ["plan"]


def test_a_vocabulary_of_the_corpus_is_read_from_it_first(records):
    stages = []
    config = PrepareConfig.make({"dataset": str(records), "encoding": "chars"})
    resolved = ResolvedConfig(config, on_fetch=pytest.fail)
    opened = open_plan(resolved, resolved.source.inputs(), lambda progress: stages.append(progress.stage))
    assert opened.plan.recipe.tokenizer.vocab_size == 4
    assert stages == ["fit", "plan"]


def test_documents_that_nothing_separates_are_said_once_and_recorded(records, tmp_path, caplog):
    corpus = corpuskit.prepare(str(records), encoding="chars", output=tmp_path / "x")
    said = [record for record in caplog.records if UNSEPARATED in record.message]
    assert [record.levelno for record in said] == [logging.WARNING]
    assert options_of(corpus)["eot"] is False
    assert corpus.decode(corpus["train"][:]) == "abcd"


def test_documents_that_are_meant_to_be_unseparated_are_not_mentioned(records, tmp_path, caplog):
    corpus = corpuskit.prepare(str(records), encoding="chars", output=tmp_path / "x", eot=False)
    assert UNSEPARATED not in caplog.text
    assert options_of(corpus)["eot"] is False


def test_one_text_has_nothing_to_be_separated_from(tmp_path, caplog):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.txt").write_text("abc")
    corpuskit.prepare(str(tmp_path / "folder"), encoding="chars", output=tmp_path / "x", split="none")
    assert UNSEPARATED not in caplog.text


@pytest.mark.parametrize(("encoding", "eot_id"), [("bytes", 256), ("gpt2", 50256)])
def test_ends_of_text_are_appended_where_there_are_any(records, tmp_path, caplog, encoding, eot_id):
    corpus = corpuskit.prepare(str(records), encoding=encoding, output=tmp_path / "x", eot=True)
    assert corpus["train"][:].tolist().count(eot_id) == 2
    assert options_of(corpus)["eot"] is True
    assert UNSEPARATED not in caplog.text


def test_a_shard_that_no_id_fits_into_is_refused(records, tmp_path):
    with pytest.raises(ConfigError, match="an id of this encoding has 4 bytes; .* raise it"):
        corpuskit.prepare(str(records), encoding="cl100k_base", output=tmp_path / "x", shard_bytes=3)
