"""Slices of separated files partition their documents, wherever the cuts fall."""

from __future__ import annotations

import gzip
import itertools
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpuskit.sources.base import Slice
from corpuskit.sources.readers import cuts as separated
from corpuskit.sources.readers import text
from corpuskit.sources.readers.text import TextReader

separators = st.sampled_from(
    ["\n", "\n\n", "\n\n\n", "a\nb", "\na\n", "b\n", "<|endoftext|>", "aba", "é", "a", "\0"]
)
# Few different characters, so that separators are found whole, cut, doubled and overlapping.
#: A NUL at every other place is UTF-16 without a mark, which is refused: there are two side by side.
texts = st.lists(st.sampled_from([*"ab\n\r", "\0\0", *"é日<|"]), max_size=60).map("".join)
runs = st.sampled_from(["\n\n\n\n", "\r\n\r\n\r\n", "\r\n", "\r\r\r", "\n\r\n", "<|endoftext|>", "ababa"])
pieces = st.lists(st.one_of(texts, runs), max_size=8)


def independent_split(data: bytes, separator: bytes) -> list[tuple[bytes, int]]:
    """Documents and their starts, by re.split over the whole file."""
    line_end = rb"\r" if b"\r" in data and b"\n" not in data else rb"\r?\n"
    pattern = line_end.join(re.escape(piece) for piece in separator.split(b"\n"))
    found, at = [], 0
    parts = re.split(b"(" + pattern + b")", data)
    for part, ending in itertools.zip_longest(parts[::2], parts[1::2]):
        if part or ending is not None:
            found.append((part, at))
        at += len(part) + len(ending or b"")
    return found


@pytest.fixture(scope="module")
def scratch():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@settings(deadline=None)
@given(pieces, separators, st.integers(1, 40), st.integers(1, 50), st.sampled_from([1, 4, 2**16]))
@example(["ab\n", "\n\n", "b\n\n\n\n\n", "a"], "\n\n", 3, 1, 4)
@example(["é日" * 20], "a", 5, 3, 4)
@example(["ab\r", "ab\r" * 9, "\n\nb"], "\n", 5, 3, 4)
@example(["abc\r", "\n\r\nb\r\n"], "\n", 3, 3, 4)
@example(["ab\r" * 9], "\n", 5, 3, 4)
def test_any_slicing_gives_the_documents_of_the_whole(
    scratch, input_of, read_all, pieces, separator, target_bytes, block_bytes, peek_bytes
):
    data = "".join(pieces).encode()
    path = scratch / "text.txt"
    path.write_bytes(data)
    item = input_of(path)
    reader = TextReader({"separator": separator})
    reader.block_bytes = block_bytes
    expected = independent_split(data, separator.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_PEEK_BYTES", peek_bytes)
        slices = reader.slices(item, target_bytes=target_bytes)
        results = (read_all(reader, item), read_all(reader, item, *slices))
    assert slices[0].start == 0
    assert slices[-1].stop is None
    assert [s.stop for s in slices[:-1]] == [s.start for s in slices[1:]]
    assert sum(s.size_bytes for s in slices) == len(data)
    for result in results:
        assert list(zip(result.texts, result.starts, strict=True)) == [(t, s) for t, s in expected if t]
        assert result.kinds == [("empty", s) for t, s in expected if not t]


@settings(deadline=None)
@given(pieces, separators, st.integers(1, 40))
def test_documents_are_the_same_however_blocks_are_split(
    scratch, input_of, read_all, pieces, separator, block_bytes
):
    path = scratch / "rare.txt"
    path.write_bytes("".join(pieces).encode())
    reader = TextReader({"separator": separator})
    reader.block_bytes = block_bytes
    expected = read_all(reader, input_of(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separated, "_LONG_DOCUMENT_BYTES", 0)
        assert read_all(reader, input_of(path)) == expected


def test_a_large_file_is_cut_near_the_targets_by_reading_little(tmp_path, input_of, monkeypatch):
    path = tmp_path / "text.txt"
    path.write_bytes(b"x" * 99 + b"\n")
    with path.open("ab") as file:
        file.write((b"y" * 99 + b"\n") * 200_000)
    read = []
    original = __import__("os").read
    monkeypatch.setattr(
        "corpuskit.sources.inputs.files.os.read", lambda fd, n: read.append(n) or original(fd, n)
    )
    slices = TextReader({"lines": True}).slices(input_of(path), target_bytes=2**20)
    assert len(slices) == 19
    assert all(abs(s.size_bytes - 20_000_100 / 19) < 200 for s in slices)
    assert sum(read) < 2 * 2**20


def test_a_run_without_a_separator_stays_in_one_slice(tmp_path, input_of):
    path = tmp_path / "text.txt"
    path.write_bytes(b"x" * 500_000 + b"\nend")
    reader = TextReader({"lines": True, "max_document_bytes": 100_000})
    assert reader.slices(input_of(path), target_bytes=50_000) == [Slice(0, None, 500_004)]


@pytest.mark.parametrize("block_bytes", [64, 2**20])
def test_a_document_that_is_too_long_names_its_place(tmp_path, input_of, read_all, block_bytes):
    path = tmp_path / "text.txt"
    path.write_bytes(b"short\n" + b"x" * 1001 + b"\nshort\n")
    reader = TextReader({"lines": True, "max_document_bytes": 1000})
    reader.block_bytes = block_bytes
    with pytest.raises(
        ValueError,
        match=r"text\.txt:2: a document of more than 1,000 bytes begins at byte 6; repair it or use "
        "--reader-option max_document_bytes=2000 or --on-bad-document skip$",
    ):
        read_all(reader, input_of(path))
    reader = TextReader({"lines": True, "max_document_bytes": 1001})
    reader.block_bytes = block_bytes
    assert [len(text) for text in read_all(reader, input_of(path)).texts] == [5, 1001, 5]


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 40), st.integers(1, 25), st.booleans())
def test_documents_that_are_too_long_are_skipped_and_no_others(
    scratch, input_of, read_all, sizes, block_bytes, limit, ends
):
    path = scratch / "long.txt"
    documents = [b"x" * size for size in sizes]
    path.write_bytes(b"<>".join([*documents, b""] if ends else documents))
    reader = TextReader({"separator": "<>", "on_bad_document": "skip", "max_document_bytes": limit})
    reader.block_bytes = block_bytes
    result = read_all(reader, input_of(path))
    expected = independent_split(path.read_bytes(), b"<>")
    kept = [(text, start) for text, start in expected if 0 < len(text) <= limit]
    assert list(zip(result.texts, result.starts, strict=True)) == kept
    assert sorted(result.kinds) == sorted(
        ("too-long" if document else "empty", start)
        for document, start in expected
        if not 0 < len(document) <= limit
    )


@pytest.mark.parametrize("line_end", [b"\r\n", b"\r", b"\n"])
@pytest.mark.parametrize("extension", ["", ".gz"])
def test_line_ends_of_all_kinds_are_the_same(tmp_path, input_of, read_all, line_end, extension):
    data = b"one\n\ntwo\nhalf\n\n\nthree".replace(b"\n", line_end)
    path = tmp_path / f"text.txt{extension}"
    path.write_bytes(gzip.compress(data) if extension else data)
    result = read_all(TextReader({"lines": True}), input_of(path))
    assert result.texts == [b"one", b"two", b"half", b"three"]
    assert [kind for kind, _ in result.kinds] == ["empty"] * 3
    for separator in ("\n\n", "\r\n\r\n"):
        result = read_all(TextReader({"separator": separator}), input_of(path))
        assert result.texts == [b"one", b"two" + line_end + b"half", line_end + b"three"]
    assert read_all(TextReader({}), input_of(path)).texts == [data]


def test_a_carriage_return_inside_a_line_stays(tmp_path, input_of, read_all):
    path = tmp_path / "text.txt"
    path.write_bytes(b"one\r\n\r\ntwo\rhalf\r\nthree\r")
    result = read_all(TextReader({"lines": True}), input_of(path))
    assert (result.texts, result.starts) == ([b"one", b"two\rhalf", b"three\r"], [0, 7, 17])
    assert result.kinds == [("empty", 5)]
