"""Rows of windows and of spans, read into x and y."""

import numpy as np
import pytest

from corpuskit.batches import Batches


def test_packed_rows_hold_whole_documents_and_padding(make_split):
    ends = np.cumsum([5, 3, 9, 2, 4])
    batches = Batches(
        make_split(23, document_ends=ends, fingerprint=""),
        batch_size=3,
        block_size=8,
        sampler="packed",
        output="numpy",
        documents=True,
    )

    x, y, documents = batches[0]

    real = y != -100
    np.testing.assert_array_equal(y[real], x[real] + 1)
    assert sorted(x[real].tolist()) == [0, 1, 2, 3, 5, 6, *range(8, 16), 17, 19, 20, 21]
    assert (x[~real] == 0).all()
    same = np.diff(documents.document_ids, axis=1) == 0
    both = real[:, 1:] & real[:, :-1]
    np.testing.assert_array_equal(np.diff(x, axis=1)[both] == 1, same[both])
    assert (documents.position_ids[~real & (documents.position_ids == 0)] == 0).all()
    assert documents.cu_seqlens[-1] == 24


@pytest.mark.parametrize("shard_size", [1, 4, 7, 23])
@pytest.mark.parametrize("sampler", ["packed", "sequential"])
def test_spans_do_not_know_about_shards(make_split, shard_size, sampler):
    ends = np.cumsum([5, 3, 9, 2, 4])
    options = {
        "batch_size": 2,
        "block_size": 8,
        "sampler": sampler,
        "output": "numpy",
        "sampler_options": {"tail": "pad"} if sampler == "sequential" else {},
    }
    sizes = [min(shard_size, 23 - at) for at in range(0, 23, shard_size)]
    whole = make_split(23, document_ends=ends, fingerprint="")
    cut = make_split(23, document_ends=ends, fingerprint="", shard_sizes=sizes)

    for one, other in zip(Batches(whole, **options), Batches(cut, **options), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
