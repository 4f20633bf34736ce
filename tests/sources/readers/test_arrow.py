"""Arrow columns of every type of text, as documents."""

import pytest

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input
from corpuskit.sources.readers.arrow import as_bytes, column_documents, text_column
from corpuskit.sources.readers.base import BadRows
from corpuskit.sources.readers.text import TextReader

pa = pytest.importorskip("pyarrow")

TEXTS = ["one", "", None, "na\u00efve", "one"]


def bad(left_out, **options):
    on_bad = lambda kind, start, reason: left_out.append((kind, start))  # noqa: E731
    return BadRows(TextReader(options), Input("a.arrow", 0, ""), on_bad)


@pytest.mark.parametrize("kind", ["string", "large_string", "binary", "large_binary", "dictionary"])
def test_documents_are_the_texts_of_a_column_with_the_numbers_of_their_rows(kind):
    column = (
        pa.array(TEXTS).dictionary_encode() if kind == "dictionary" else pa.array(TEXTS, getattr(pa, kind)())
    )
    batch = pa.record_batch({"a": column})
    left_out = []
    texts = as_bytes(text_column(batch, ["a"]).slice(1))
    found = column_documents(texts, 7, bad(left_out), max_document_bytes=10)
    assert (found.texts, found.starts) == (["na\u00efve".encode(), b"one"], [9, 10])
    assert sorted(left_out) == [("empty", 7), ("null-text", 8)]


def test_a_path_leads_into_structs():
    batch = pa.record_batch({"a": pa.array([{"b": {"c": "deep"}}])})
    assert as_bytes(text_column(batch, ["a", "b", "c"])).to_pylist() == [b"deep"]


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ([b"ok", b"\xff"], "in row 1: invalid UTF-8|invalid UTF-8.* in row 1"),
        ([b"much too long"], "more than 10"),
    ],
)
def test_what_cannot_be_read_is_an_error_or_left_out(texts, reason):
    column = pa.array(texts, pa.large_binary())
    with pytest.raises(SourceError, match=reason):
        column_documents(column, 0, bad([], max_document_bytes=10), max_document_bytes=10)
    left_out = []
    column_documents(column, 0, bad(left_out, on_bad_document="skip"), max_document_bytes=10)
    assert len(left_out) == 1


def test_a_character_that_two_rows_share_is_broken_in_both():
    column = pa.array(["\u00ef".encode()[:1], "\u00ef".encode()[1:]], pa.large_binary())
    left_out = []
    found = column_documents(column, 0, bad(left_out, on_bad_document="skip"), max_document_bytes=10)
    assert found.texts == []
    assert left_out == [("invalid-utf8", 0), ("invalid-utf8", 1)]
