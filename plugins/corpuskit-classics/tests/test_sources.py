"""One corpus of each shape keeps what corpuskit asks of every source."""

from __future__ import annotations

import dataclasses

import pytest

from corpuskit.sources.base import Source
from corpuskit.sources.files import DeclaredFiles
from corpuskit.sources.lookup import open_source
from corpuskit.testing import SourceSuite
from corpuskit_classics import CORPORA

SHAPES = ("text8", "wikitext-2", "tinystories", "openwebtext", "c4-en", "pg19")


@pytest.mark.parametrize(
    "small", [spec for spec in CORPORA if spec.name in SHAPES], ids=lambda spec: spec.name, indirect=True
)
class TestClassics(SourceSuite):
    @pytest.fixture
    def source(self, small) -> Source:
        return open_source(small.spec.name)

    @pytest.fixture
    def empty_source(self, small, tmp_path) -> Source:
        file = small.spec.files[0]
        path = tmp_path / file.url.rpartition("/")[2]
        path.write_bytes(small.encode({file.member: []}))
        file = dataclasses.replace(file, url=str(path), sha256=None, size_bytes=None)
        return DeclaredFiles(spec=dataclasses.replace(small.spec, files=(file,)))
