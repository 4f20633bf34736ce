"""Slices of separated files partition their documents, wherever the cuts fall."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpuskit.sources import separated
from corpuskit.sources.base import Slice
from corpuskit.sources.text import TextReader

separators = st.sampled_from(["\n", "\n\n", "\n\n\n", "<|endoftext|>", "aba", "é", "a", "\0"])
# Few different characters, so that separators are found whole, cut, doubled and overlapping.
texts = st.text(alphabet="ab\n\r\0é日<|", max_size=60)
pieces = st.lists(
    st.one_of(texts, st.just("\n\n\n\n"), st.just("<|endoftext|>"), st.just("ababa")), max_size=8
)


def independent_split(data: bytes, separator: bytes) -> list[tuple[bytes, int]]:
    """Documents and their starts, by bytes.split over the whole file."""
    found, at = [], 0
    parts = data.split(separator)
    if not parts[-1]:
        parts.pop()
    for part in parts:
        found.append((part, at))
        at += len(part) + len(separator)
    return found


@pytest.fixture(scope="module")
def scratch():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@given(pieces, separators, st.integers(1, 40), st.integers(1, 50))
@example(["ab\n", "\n\n", "b\n\n\n\n\n", "a"], "\n\n", 3, 1)
@example(["é日" * 20], "a", 5, 3)
def test_any_slicing_gives_the_documents_of_the_whole(
    scratch, input_of, read_all, pieces, separator, target_bytes, block_bytes
):
    data = "".join(pieces).encode()
    path = scratch / "text.txt"
    path.write_bytes(data)
    item = input_of(path)
    reader = TextReader({"separator": separator})
    reader.block_bytes = block_bytes
    slices = reader.slices(item, target_bytes=target_bytes)
    assert slices[0].start == 0
    assert slices[-1].stop is None
    assert [s.stop for s in slices[:-1]] == [s.start for s in slices[1:]]
    assert sum(s.size_bytes for s in slices) == len(data)
    expected = independent_split(data, separator.encode())
    for result in (read_all(reader, item), read_all(reader, item, *slices)):
        assert list(zip(result.texts, result.starts, strict=True)) == [(t, s) for t, s in expected if t]
        assert result.kinds == [("empty", s) for t, s in expected if not t]


@given(pieces, separators)
@example(["aaa"], "aba")
@example(["ababababa"], "aba")
@example(["<<|endoftext|>|endoftext|>"], "<|endoftext|>")
def test_looking_for_rare_separators_is_splitting(pieces, separator):
    block = "".join(pieces).encode()
    assert separated._split_rarely(block, separator.encode(), 0) == block.split(separator.encode())


@given(pieces, pieces, separators)
@example(["xab"], ["aba"], "aba")
def test_splitting_what_follows_is_splitting_both(before, pieces, separator):
    held = "".join(before).encode().split(separator.encode())[-1]
    data = "".join(pieces).encode()
    assert separated._split_after(held, data, separator.encode()) == (held + data).split(separator.encode())


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
    monkeypatch.setattr("corpuskit.sources.stored.os.read", lambda fd, n: read.append(n) or original(fd, n))
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
        ValueError, match=r"text\.txt:2: a document of more than 1,000 bytes begins at byte 6;"
    ):
        read_all(reader, input_of(path))
    reader = TextReader({"lines": True, "max_document_bytes": 1001})
    reader.block_bytes = block_bytes
    assert [len(text) for text in read_all(reader, input_of(path)).texts] == [5, 1001, 5]
