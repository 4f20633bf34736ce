"""What all readers share."""

from __future__ import annotations

from corpuskit.registry.specs import ReaderSpec
from corpuskit.sources.readers import base as reader
from corpuskit.sources.readers.base import Reader
from corpuskit.sources.readers.text import TextReader


def test_line_numbers_are_not_counted_through_terabytes(tmp_path, input_of, monkeypatch):
    (tmp_path / "a.txt").write_bytes(b"a\nb\nc\xff")
    item = input_of(tmp_path / "a.txt")
    bad = TextReader({}).policy(item, print)
    assert bad.where(4) == "a.txt:3"
    monkeypatch.setattr(reader, "_LINE_COUNT_BYTES", 3)
    assert bad.where(4) == "a.txt"


def test_every_reader_has_the_common_options():
    from corpuskit import registry

    for component in registry.default().components(ReaderSpec):
        if component.owner.distribution != "corpuskit-core":
            continue
        loaded = component.load()
        assert issubclass(loaded, Reader)
        assert set(Reader.COMMON_OPTIONS) <= set(loaded.OPTIONS)
        assert loaded({}).options == dict(loaded.OPTIONS)
