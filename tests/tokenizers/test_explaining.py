"""Why an engine is taken."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import pytest

from corpuskit.errors import TokenizerError
from corpuskit.registry.distribution import install_command
from corpuskit.tokenizers import engine as engines
from corpuskit.tokenizers import explaining
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer

pytest.importorskip("gigatoken", reason="the extra 'fast' is needed")


def test_the_choice_of_an_engine_says_why() -> None:
    tokenizer = TiktokenTokenizer(name="gpt2")
    choice = tokenizer.explain_engine()
    assert choice.engine == "gigatoken"
    assert choice.versions == {name: importlib.metadata.version(name) for name in ("tiktoken", "gigatoken")}
    known, guard, sample = choice.reasons
    assert "known to give tiktoken's ids for this vocabulary and pattern" in known
    engine = tokenizer._loaded_engine()
    assert isinstance(engine, engines.GigatokenEngine)
    assert f"one of {engine.num_suspects:,} code points go to tiktoken" in guard
    assert "4 sample texts were encoded by both just now, with the same ids" in sample
    other = open_tokenizer("p50k_base").explain_engine()
    assert other.engine == "tiktoken"
    assert (
        other.reasons[-1] == "gigatoken is not known to give tiktoken's ids for this vocabulary and pattern"
    )


def test_the_choice_of_an_engine_that_differs_is_an_error(
    monkeypatch: pytest.MonkeyPatch, wrong_gigatoken: Any
) -> None:
    monkeypatch.setattr(explaining, "_SAMPLE", ("right", "this is wrong"))
    load = engines._load_gigatoken
    monkeypatch.setattr(engines, "_load_gigatoken", lambda exact: wrong_gigatoken(load(exact)))
    with pytest.raises(TokenizerError, match="different ids for the text that starts with 'this is wrong'"):
        open_tokenizer("gpt2").explain_engine()


def test_the_choice_without_gigatoken_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (engines, explaining):
        monkeypatch.setattr(module, "find_spec", lambda name: None if name == "gigatoken" else name)
    choice = open_tokenizer("gpt2").explain_engine()
    assert (choice.engine, choice.versions["gigatoken"]) == ("tiktoken", None)
    assert install_command("fast") in choice.reasons[-1]
