"""The built-in sources under the shipped suite."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from corpuskit.sources.base import SourceOptions
from corpuskit.sources.lookup import open_source
from corpuskit.testing.sources import SourceSuite

TEXT = """First line, with naïve “quotes”.
Second line 🙂 日本語


A fifth line that is a bit longer than the rest.
last"""


class TestPythonDocs(SourceSuite):
    @pytest.fixture
    def source(self):
        return open_source("python-docs")


class Files(SourceSuite):
    reader: Mapping[str, object] = MappingProxyType({})

    def open(self, *paths):
        return open_source([str(path) for path in paths], SourceOptions(reader=self.reader))

    def reopen(self, source):
        return self.open(*self.paths)

    @pytest.fixture
    def source(self, tmp_path):
        self.paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
        self.paths[0].write_text(TEXT)
        self.paths[1].write_text("Another file.\n" + TEXT * 20)
        return self.open(*self.paths)

    @pytest.fixture
    def empty_source(self, tmp_path):
        self.paths = [tmp_path / "empty.txt"]
        self.paths[0].write_text("")
        return self.open(*self.paths)


class TestTextFiles(Files):
    """One document a file."""


class TestLines(Files):
    """One document a line."""

    reader = MappingProxyType({"lines": True})


class TestSeparated(Files):
    """Documents with a separator between them."""

    reader = MappingProxyType({"separator": "line"})
