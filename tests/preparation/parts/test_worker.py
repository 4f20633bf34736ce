"""Documents that a tokenizer gives no ids: all of them are in the corpus, however the work is cut."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.batches.segments import DocumentEnds
from corpuskit.errors import SourceError, TokenizerError
from corpuskit.formats.megatron import Megatron
from corpuskit.preparation import opened_plan
from corpuskit.preparation.executors import local
from corpuskit.samplers.packing import split_documents
from corpuskit.sources.readers import base as reader
from corpuskit.sources.readers import text
from corpuskit.tokenizers.base import Encoded, Tokenizer
from corpuskit.value_streams import StreamInfo


class Sparse(Tokenizer):
    """An id for each letter but x, which has none; a text may be cut anywhere."""

    name = "sparse"
    vocab_size = 256
    fingerprint = "0" * 64

    def encode(self, text: str) -> np.ndarray:
        return np.frombuffer(text.replace("x", "").encode(), np.uint8).astype(np.uint32)

    def decode_bytes(self, ids: Any) -> bytes:
        return bytes(np.asarray(ids).tolist())

    def boundary(self, text: bytes, at: int) -> int:
        return at


def prepare(
    dataset: list[Path],
    folder: Path,
    *,
    batch_bytes: int = 2**20,
    kind: type[Tokenizer] = Sparse,
    **options: Any,
) -> corpuskit.Corpus:
    with (
        mock.patch.object(opened_plan, "open_tokenizer", side_effect=lambda *_, **__: kind()),
        mock.patch.object(reader, "BATCH_BYTES", batch_bytes),
        mock.patch.object(text, "PIECE_BYTES", batch_bytes),
    ):
        options = {"workers": 1, "eot": False, **options}
        return corpuskit.prepare(
            list(map(str, dataset)), encoding="bytes", output=folder / "corpus", **options
        )


class Kept(bytes):
    """A document without the letter x, and how many bytes it had with it."""

    text_bytes: int


def simplest(
    documents: list[str], fractions: dict[str, float], max_tokens: int | None
) -> dict[str, list[Kept]]:
    """Each split's documents as the simplest script would have them, without the letter x."""
    splits: dict[str, list[Kept]] = {"train": [], **{name: [] for name in fractions}}
    total = 0
    for document in filter(None, documents):
        point, chosen = int(hashlib.sha256(document.encode()).hexdigest()[:16], 16) / 2**64, "train"
        for name, fraction in fractions.items():
            if point < fraction:
                chosen = name
                break
            point -= fraction
        splits[chosen].append(Kept(document.replace("x", "").encode()))
        splits[chosen][-1].text_bytes = len(document.encode())
        total += len(splits[chosen][-1])
        if max_tokens is not None and total >= max_tokens:
            break
    return splits


def check(corpus: corpuskit.Corpus, expected: dict[str, list[Kept]]) -> None:
    left_out = sum(len(texts) for texts in expected.values() if not any(texts))
    assert corpus.manifest.left_out.get("no-tokens", 0) == left_out
    for name, texts in expected.items():
        kept, split = texts if any(texts) else [], corpus[name]
        assert split.num_documents == len(kept)
        assert split.document_text_bytes().tolist() == [one.text_bytes for one in kept]
        assert split.document_ends().tolist() == list(itertools.accumulate(map(len, kept)))
        assert [bytes(split.document(number).tolist()) for number in range(len(kept))] == kept
    assert corpuskit.verify(corpus.path) == []


letters = st.text("axb", max_size=3)
sizes = st.integers(2, 40)


@settings(deadline=None, max_examples=60)
@given(
    documents=st.lists(letters, min_size=1, max_size=40),
    part_bytes=sizes,
    shard_bytes=sizes,
    batch_bytes=sizes,
    fractions=st.sampled_from([{}, {"valid": 0.3}, {"valid": 0.3, "test": 0.3}]),
    max_tokens=st.none() | st.integers(1, 30),
)
@example(["x"] * 9 + ["a"] + ["x"] * 9, 4, 2, 4, {}, None)
@example(["ab", "x", "ab", "x", "x", "ab"], 1000, 4, 1000, {}, 4)
@example(["aa", "aa", "a", "a"], 100, 10, 5, {}, None)
def test_every_document_is_there_whatever_the_parts_the_shards_and_the_batches(
    documents, part_bytes, shard_bytes, batch_bytes, fractions, max_tokens
):
    expected = simplest(documents, fractions, max_tokens)
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder, "lines.txt")
        lines.write_text("".join(f"{document}\n" for document in documents))
        split = ",".join(f"{name}={share}" for name, share in fractions.items()) or "none"
        options = {
            "lines": True, "split": split, "part_bytes": part_bytes, "shard_bytes": shard_bytes,
            "max_tokens": max_tokens,
        }  # fmt: skip
        if any(map(any, expected.values())):
            check(prepare([lines], Path(folder), batch_bytes=batch_bytes, **options), expected)
        else:
            with pytest.raises(SourceError, match="no text: every document is empty or left out"):
                prepare([lines], Path(folder), batch_bytes=batch_bytes, **options)


@settings(deadline=None, max_examples=40)
@given(
    documents=st.lists(st.text("axxb", min_size=1, max_size=30), min_size=1, max_size=6),
    part_bytes=sizes,
    shard_bytes=sizes,
    batch_bytes=sizes,
    max_tokens=st.none() | st.integers(1, 30),
)
@example(["a" + "x" * 20], 4, 2, 4, None)
@example(["ab" * 4, "b"], 100, 4, 100, 7)
def test_a_document_in_many_parts_has_one_row_and_ends_where_its_last_id_does(
    documents, part_bytes, shard_bytes, batch_bytes, max_tokens
):
    expected = simplest(documents, {}, max_tokens)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{number}.txt") for number in range(len(documents))]
        for file, document in zip(files, documents, strict=True):
            file.write_text(document)
        options = {
            "split": "none",
            "part_bytes": part_bytes,
            "shard_bytes": shard_bytes,
            "max_tokens": max_tokens,
        }
        if any(expected["train"]):
            check(prepare(files, Path(folder), batch_bytes=batch_bytes, **options), expected)
        else:
            with pytest.raises(SourceError, match="no text"):
                prepare(files, Path(folder), batch_bytes=batch_bytes, **options)


def test_readers_of_a_corpus_take_documents_without_ids(tmp_path):
    """At the beginning and the end of the stream, and at the edges of shards."""
    (tmp_path / "lines.txt").write_text("x\nx\nab\nx\naba\nx\nx\n")
    corpus = prepare(
        [tmp_path / "lines.txt"], tmp_path, lines=True, split="none", shard_bytes=4, part_bytes=7
    )
    train = corpus["train"]
    ends = train.document_ends()
    assert ends.tolist() == [0, 0, 2, 2, 5, 5, 5]
    assert train.document_places()[:, 1].tolist() == [0, 2, 4, 7, 9, 13, 15]
    assert [len(train.document(number)) for number in range(7)] == [0, 0, 2, 0, 3, 0, 0]
    assert split_documents(ends, 2).starts.tolist() == [0, 2]
    assert DocumentEnds(ends).borders(np.array([0]), 4).segments().tolist() == [0, 2]
    packed = corpus.batches(block_size=2, batch_size=1, sampler="packed", output="numpy", device=None)
    assert sorted(packed[step][0].tolist() for step in range(2)) == [[[97, 0]], [[97, 98]]]
    Megatron().write(corpus, tmp_path / "megatron")
    index = (tmp_path / "megatron" / "train.idx").read_bytes()
    assert np.frombuffer(index, "<i4", 7, offset=34).tolist() == [0, 0, 2, 0, 3, 0, 0]


def test_workers_agree_on_documents_without_ids(tmp_path, assert_same, monkeypatch):
    monkeypatch.setattr(local, "may_fork", lambda: True)  # whatever threads other tests have left
    (tmp_path / "lines.txt").write_text("x\na\nx\nxx\n" * 40)
    options = {"lines": True, "split": "none", "part_bytes": 20}
    for workers in (1, 2):
        (tmp_path / str(workers)).mkdir()
        made = prepare([tmp_path / "lines.txt"], tmp_path / str(workers), workers=workers, **options)
        assert made["train"].num_documents == 160
    assert_same(tmp_path / "1" / "corpus", tmp_path / "2" / "corpus")


class Marked(Sparse):
    """The same, with two streams: the place of an id in its word, and whether it is a vowel."""

    streams: ClassVar[dict[str, StreamInfo]] = {
        "place": StreamInfo("<u4", 0, "input"),
        "vowel": StreamInfo("|u1", 2, "target"),
    }

    def stream_items(self, encoded: Encoded) -> dict[str, np.ndarray]:
        is_space = encoded.ids == ord(" ")
        ends = np.flatnonzero(is_space) + 1
        starts = np.zeros(len(encoded.ids), np.int64)
        for first in (np.cumsum(encoded.lengths) - encoded.lengths, ends):
            first = first[first < len(starts)]
            starts[first] = first
        places = np.arange(len(starts)) - np.maximum.accumulate(starts)
        return {"place": places.astype("<u4"), "vowel": np.isin(encoded.ids, [*b"aeiou"]).astype(np.uint8)}

    def boundary(self, text: bytes, at: int) -> int:
        return text.rfind(b" ", 0, at) + 1


def test_a_tokenizers_streams_are_beside_the_ids_however_the_work_is_cut(tmp_path):
    """Expected: each document's items, worked out from its text alone."""
    texts = ["one two three " * 9, "", "xx", "aeiou bcd", "z " * 70]
    (tmp_path / "a.txt").write_text("\n".join(texts) + "\n")
    for turn, options in enumerate([{}, {"part_bytes": 20, "shard_bytes": 32}, {"part_bytes": 7}]):
        options |= {"lines": True, "split": "none", "kind": Marked}
        corpus = prepare([tmp_path / "a.txt"], tmp_path / str(turn), **options)
        split = corpus["train"]
        assert sorted(corpus.manifest.streams) == ["place", "vowel"]
        assert corpuskit.verify(corpus.path) == []
        kept = [text.replace("x", "") for text in texts if text]
        letters = "".join(kept)
        assert bytes(split[:].tolist()).decode() == letters
        assert split.stream("vowel")[:].tolist() == [int(letter in "aeiou") for letter in letters]
        expected = []
        for line in kept:
            for number in range(len(line)):
                expected.append(0 if number == 0 or line[number - 1] == " " else expected[-1] + 1)
        assert split.stream("place")[:].tolist() == expected
        x, _, items = corpus.batches(
            "train",
            batch_size=2,
            block_size=8,
            streams=["place", "vowel"],
            output="numpy",
            sampler="sequential",
        )[0]
        assert items["place"].tolist() == [expected[:8], expected[8:16]]
        assert items["vowel"][0].tolist() == [int(letter in "aeiou") for letter in letters[1:9]]
        assert x.shape == items["vowel"].shape


@pytest.mark.parametrize("items", [{}, {"place": np.zeros(3, "<u4")}, {"place": [1], "vowel": [2]}])
def test_items_that_are_not_what_the_tokenizer_says_are_an_error(tmp_path, items):
    (tmp_path / "a.txt").write_text("abc\n")
    with (
        mock.patch.object(Marked, "stream_items", return_value=items),
        pytest.raises(
            TokenizerError, match=r"tokenizer 'sparse': stream_items must give '(place|vowel)' as uint"
        ),
    ):
        prepare([tmp_path / "a.txt"], tmp_path, lines=True, split="none", kind=Marked)
