"""What only plain text has."""

from __future__ import annotations

import pytest

from corpuskit.sources.lookup import open_source
from corpuskit.sources.plain_text import PlainText

TEXT = "añb日c"


@pytest.fixture
def plain(tmp_path):
    """Gives what a file of some name has of plain text, or None."""

    def plain(name):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
        source = open_source(str(tmp_path / name))
        (item,) = source.inputs()
        return source.plain_text(item)

    return plain


def test_characters_of_a_text_are_counted_and_found(plain):
    text = plain("a.txt")
    assert isinstance(text, PlainText)
    assert text.is_one_document
    assert text.count_characters() == len(TEXT)
    for number in range(len(TEXT) + 1):
        assert text.character_offset(number) == len(TEXT[:number].encode())
    assert text.window(1, 3).decode() == "ñ"


def test_what_is_no_plain_text_has_none(plain):
    assert plain("a.jsonl") is None


def test_what_leaves_a_method_out_is_no_plain_text():
    class Some(PlainText):
        def window(self, start, stop):
            return b""

    with pytest.raises(TypeError, match="abstract"):
        Some()
