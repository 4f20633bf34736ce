from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

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
