from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpuskit
from corpuskit.corpus import scan


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


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="the system does not say what it holds"
)
def test_what_was_read_of_a_local_split_is_let_go_of(tmp_path):
    (tmp_path / "a.txt").write_text("0123456789" * 3_000_000)
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="bytes", split="none", output=tmp_path / "c", progress=False
    )
    before = resident_file_bytes()
    for _ in scan.tokens(corpus["train"], corpus.manifest.splits["train"].shards, pytest.fail):
        pass
    assert resident_file_bytes() - before < 30 * 10**6  # of 60


def resident_file_bytes() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if "RssFile" in line)
    return 1024 * int(line.split()[1])
