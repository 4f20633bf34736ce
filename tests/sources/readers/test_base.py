"""What all readers share."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.registry.specs import ReaderSpec
from corpuskit.sources.readers import base as reader
from corpuskit.sources.readers.base import Reader, batches, is_valid
from corpuskit.sources.readers.text import TextReader


@given(
    st.one_of(st.binary(max_size=24), st.text(max_size=12).map(str.encode)), st.integers(4, 9), st.booleans()
)
def test_validity_is_what_python_decodes(data, step_bytes, final):
    try:
        codecs.utf_8_decode(data, "strict", final)
        expected = True
    except UnicodeDecodeError:
        expected = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_VALIDATE_BYTES", step_bytes)
        assert is_valid(data, final=final) == expected


def test_line_numbers_are_not_counted_through_terabytes(tmp_path, input_of, monkeypatch):
    (tmp_path / "a.txt").write_bytes(b"a\nb\nc\xff")
    item = input_of(tmp_path / "a.txt")
    bad = TextReader({}).policy(item, print)
    assert bad.where(4) == "a.txt:3"
    monkeypatch.setattr(reader, "_LINE_COUNT_BYTES", 3)
    assert bad.where(4) == "a.txt"


def test_batches_keep_texts_and_starts_together(monkeypatch):
    monkeypatch.setattr(reader, "BATCH_DOCUMENTS", 2)
    found = [(batch.texts, batch.starts) for batch in batches([b"a", b"b", b"c"], [0, 2, 4])]
    assert found == [([b"a", b"b"], [0, 2]), ([b"c"], [4])]
    assert list(batches([], [])) == []


def test_every_reader_has_the_common_options():
    from corpuskit import registry

    for component in registry.default().components(ReaderSpec):
        if component.owner.distribution != "corpuskit-core":
            continue
        loaded = component.load()
        assert issubclass(loaded, Reader)
        assert set(Reader.COMMON_OPTIONS) <= set(loaded.OPTIONS)
        assert loaded({}).options == dict(loaded.OPTIONS)
