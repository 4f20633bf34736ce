"""Small slices from all over an input, and how far a reader has come."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.sources.base import Slice
from corpuskit.sources.readers.jsonl import JsonlReader
from corpuskit.sources.readers.samples import characters_at, documents_at, sample
from corpuskit.sources.readers.separator import Separator
from corpuskit.sources.readers.text import TextReader

TENTHS = [(number / 10, (number + 1) / 10) for number in range(10)]


@given(st.lists(st.text("abé", max_size=12), min_size=1, max_size=40))
def test_shares_that_cover_an_input_have_each_document_once(tmp_path_factory, input_of, read_all, lines):
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    item, reader = input_of(path), TextReader({"lines": True})
    slices = documents_at(item, Separator(b"\n"), Slice(), TENTHS, max_document_bytes=1000)
    found = [
        text for part in slices if part.start != part.stop for text in read_all(reader, item, part).texts
    ]
    assert found == [line.encode() for line in lines if line]


@given(st.text("aé日🙂", min_size=1, max_size=60))
def test_shares_of_one_document_begin_and_end_with_characters(tmp_path_factory, input_of, text):
    path = tmp_path_factory.getbasetemp() / "one.txt"
    path.write_text(text, encoding="utf-8")
    data = path.read_bytes()
    slices = characters_at(input_of(path), Slice(), TENTHS)
    assert "".join(data[part.start : part.stop].decode() for part in slices) == text
    assert slices[-1].ends_document


@pytest.mark.parametrize("name", ["records.jsonl", "records.jsonl.gz"])
def test_how_much_of_a_file_is_read_grows_to_all_of_it(tmp_path, input_of, name):
    data = b"".join(b'{"text": "record %d"}\n' % (number * 7919) for number in range(20_000))
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    read = list(sample(JsonlReader({}), input_of(path, format="jsonl"), Slice(), pytest.fail))
    shares = [share for _, share in read]
    assert sum(len(batch.texts) for batch, _ in read) == 20_000
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.9
    assert shares[-1] == 1
