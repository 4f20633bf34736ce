"""What a plugin returns from its hooks."""

from __future__ import annotations

import dataclasses

import pytest

from corpuskit.registry.checks import SPECS
from corpuskit.registry.specs import RemoteFile, SourceSpec


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_spec_needs_a_name_and_a_summary_and_does_not_change(spec):
    made = spec("books", "Some books")
    assert (made.name, made.summary, made.factory) == ("books", "Some books", "")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "others"
    with pytest.raises(TypeError, match="summary"):
        spec("books")


def test_kinds_are_told_apart_by_their_spec():
    assert {kind: spec.kind for kind, spec in SPECS.items()} == {kind: kind for kind in SPECS}


def test_a_corpus_of_files_needs_no_code():
    file = RemoteFile("https://example.org/a.txt", mirrors=("https://example.com/a.txt",))
    spec = SourceSpec("books", "Some books", files=(file,))
    assert spec.factory == ""
    assert spec.files[0].urls == ("https://example.org/a.txt", "https://example.com/a.txt")
