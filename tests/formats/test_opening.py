"""Formats by name."""

from __future__ import annotations

import pytest

from corpuskit import registry
from corpuskit.errors import PluginLoadFailed, UnknownName
from corpuskit.formats.opening import open_format
from corpuskit.registry import Component
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import FormatSpec


def test_an_unknown_format_lists_the_near_misses():
    with pytest.raises(UnknownName, match="nanogpt"):
        open_format("nanogtp")


def test_what_is_not_a_format_is_the_plugin_s_fault(monkeypatch):
    monkeypatch.setattr(Component, "load", lambda self: dict)
    with pytest.raises(PluginLoadFailed, match=r"format 'nanogpt' of .*: expected a .*Format, found \{\}"):
        open_format("nanogpt")


@pytest.mark.parametrize("name", ["nanogpt", "llmc"])
def test_a_split_that_the_trainer_misses_is_said_with_how_to_have_it(make_corpus, tmp_path, caplog, name):
    open_format(name).write(make_corpus(), tmp_path / "out")
    (said,) = [record for record in caplog.records if "has no valid split" in record.message]
    assert (said.levelname, "--split valid=0.01" in said.message) == ("WARNING", True)


def test_what_a_user_is_told_with_is_not_the_formats_fault(make_corpus, tmp_path, monkeypatch):
    corpus = make_corpus()
    found = Component(registry.default().find(FormatSpec, "llmc").spec, Owner("other", "other", "1"))
    monkeypatch.setattr(registry.Registry, "find", lambda self, kind, name: found)

    def told(progress):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        open_format("llmc").write(corpus, tmp_path / "out", on_progress=told)
