from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.inspect.document_lengths import QUANTILES, LengthCounts

LENGTHS = st.one_of(st.integers(0, 40), st.sampled_from([65_535, 65_536, 65_537, 10**9]))


@given(st.lists(st.lists(LENGTHS, min_size=1), max_size=4))
def test_quantiles_and_bins_are_those_of_the_sorted_lengths(batches):
    counts = LengthCounts()
    for batch in batches:
        counts.add(np.array(batch))
    found, lengths = counts.lengths(), sorted(length for batch in batches for length in batch)
    if not lengths:
        assert (found.mean, found.quantiles, found.bins) == (0.0, (), ())
        return
    assert found.mean == sum(lengths) / len(lengths)
    for (share, length), expected in zip(found.quantiles, QUANTILES, strict=True):
        assert share == expected
        below = sum(one < length for one in lengths)
        assert below * 100 < max(round(share * 100) * len(lengths), 1)
        assert sum(one <= length for one in lengths) * 100 >= round(share * 100) * len(lengths)
    assert (found.quantiles[0][1], found.quantiles[-1][1]) == (lengths[0], lengths[-1])
    for one in found.bins:
        inside = [length for length in lengths if one.shortest <= length <= one.longest]
        assert (one.num_documents, one.num_tokens) == (len(inside), sum(inside))
    assert sum(one.num_documents for one in found.bins) == len(lengths)
