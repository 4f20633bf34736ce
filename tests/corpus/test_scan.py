from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpuskit
from corpuskit.corpus import scan
from corpuskit.corpus.folder import read_folder
from corpuskit.errors import CorpusFormatError


@given(st.integers(0, 5000), st.sampled_from([2, 4, 24]), st.lists(st.integers(-10, 6000), max_size=5))
def test_edges_cover_an_array_in_small_steps(length, item_bytes, cuts):
    before, scan._CHUNK_BYTES = scan._CHUNK_BYTES, 100
    try:
        edges = scan._edges(length, item_bytes, np.array(cuts, np.int64))
    finally:
        scan._CHUNK_BYTES = before
    if not length:
        assert edges == []
        return
    assert (edges[0], edges[-1]) == (0, length)
    steps = np.diff(edges)
    assert steps.min() > 0
    assert steps.max() * item_bytes <= 100
    assert {cut for cut in cuts if 0 < cut < length} <= set(edges)


def mapped_bytes():
    """How much of mapped files counts as this process's memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssFile"))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says how much of files is in memory")
def test_what_was_read_of_a_mapped_file_is_no_longer_in_memory(tmp_path):
    data = bytes(64 * 2**20)
    (tmp_path / "train-00000.bin").write_bytes(data)
    array = read_folder(tmp_path, lambda folder: folder.map("train-00000.bin", np.dtype("<u2"), len(data)))
    before = mapped_bytes()
    wrong = []
    pieces = scan._pieces(array, "train-00000.bin", hashlib.sha256(data).hexdigest(), wrong.append)
    most = max(mapped_bytes() for _ in pieces)
    assert not wrong
    assert most - before < 32 * 2**20


def test_what_was_read_of_a_mapped_shard_is_let_go_of_by_a_reader_who_stops_too(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("some text")
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="bytes", split="none", output=tmp_path / "c", progress=False
    )
    let_go = []
    monkeypatch.setattr(scan, "forget", lambda array, start, stop: let_go.append((start, stop)))
    pieces = scan.tokens(corpus["train"], corpus.manifest.splits["train"].shards, print)
    next(pieces)
    assert let_go == []
    pieces.close()
    assert let_go == [(0, 2 * corpus["train"].num_tokens)]


def test_a_scan_that_refuses_names_the_file_and_what_it_means(tmp_path):
    (tmp_path / "a.txt").write_text("some text")
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="bytes", split="none", output=tmp_path / "c", progress=False
    )
    split, (record,) = corpus["train"], corpus.manifest.splits["train"].shards
    assert scan.ends(split, 0, record, scan.refuser(split)).tolist() == split.document_ends().tolist()
    damaged = record.model_copy(update={"index_sha256": "0" * 64})
    with pytest.raises(CorpusFormatError, match=r"c/train-00000.idx: .*; all is lost; make the corpus again"):
        scan.ends(split, 0, damaged, scan.refuser(split, "all is lost; "))
