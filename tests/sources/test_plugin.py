"""The corpora and readers that come with corpuskit."""

from __future__ import annotations

import re

import pytest

from corpuskit.registry import default
from corpuskit.registry.specs import ReaderSpec
from corpuskit.sources.base import Source
from corpuskit.sources.lookup import open_source
from corpuskit.sources.plugin import corpuskit_readers, corpuskit_sources
from corpuskit.sources.readers.base import Reader


@pytest.mark.parametrize("spec", corpuskit_sources(), ids=lambda spec: spec.name)
def test_every_corpus_can_be_opened_and_says_its_license_and_what_its_files_are(spec):
    assert isinstance(open_source(spec.name), Source)
    assert spec.license
    for file in spec.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size_bytes


@pytest.mark.parametrize("spec", corpuskit_readers(), ids=lambda spec: spec.name)
def test_every_reader_can_be_made(spec):
    reader = default().find(ReaderSpec, spec.name).load()({})
    assert isinstance(reader, Reader)


def test_no_two_readers_are_for_one_ending():
    endings = [ending for spec in corpuskit_readers() for ending in spec.extensions]
    assert len(endings) == len(set(endings))
