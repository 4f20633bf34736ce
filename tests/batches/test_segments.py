import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.batches import Batches
from corpuskit.batches.segments import DocumentEnds


def slow_documents(x, ends):
    """Segment ids, positions and places whose target is in another document, by looking at each place."""
    document = np.searchsorted(ends, x, side="right")
    foreign = np.searchsorted(ends, x + 1, side="right") != document
    ids, positions, number = np.zeros_like(x), np.zeros_like(x), -1
    for row in range(len(x)):
        for place in range(x.shape[1]):
            if place == 0 or document[row, place] != document[row, place - 1]:
                number, begin = number + 1, place
            ids[row, place], positions[row, place] = number, place - begin
    return ids, positions, foreign


@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=20),
    block=st.integers(1, 25),
    mask=st.sampled_from([True, "mask"]),
    sampler=st.sampled_from(["random", "shuffled"]),
)
@settings(deadline=None)
def test_documents_agree_with_a_look_at_each_place(make_split, sizes, block, mask, sampler):
    ends = np.cumsum(sizes)
    if ends[-1] < block + 1:
        return
    split = make_split(int(ends[-1]), document_ends=ends)
    batches = Batches(split, batch_size=4, block_size=block, sampler=sampler, output="numpy", documents=mask)

    x, y, documents = batches[3]

    ids, positions, foreign = slow_documents(x, np.unique(ends))
    np.testing.assert_array_equal(documents.document_ids, ids)
    np.testing.assert_array_equal(documents.position_ids, positions)
    np.testing.assert_array_equal(y, np.where(foreign, -100, x + 1) if mask == "mask" else x + 1)
    lengths = np.bincount(ids.ravel())
    assert documents.cu_seqlens.tolist() == [0, *np.cumsum(lengths).tolist()]
    assert documents.cu_seqlens.dtype == np.int32
    assert documents.max_seqlen == lengths.max()


def test_borders_are_those_of_the_documents_inside():
    borders = DocumentEnds(np.array([3, 5, 5, 20])).borders(np.array([0, 4, 15]), 5)

    assert borders.segments().tolist() == [0, 3, 5, 6, 10]
    assert borders.foreign().tolist() == [2, 4, 5, 14]
    assert borders.cut(1, 3).segments().tolist() == [0, 1, 5]
    assert borders.cut(1, 3).cut(1, 2).foreign().tolist() == [4]


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


def test_torch_documents_are_tensors(make_split):
    import torch

    split = make_split(100, document_ends=[40, 100])
    _, _, documents = Batches(split, batch_size=2, block_size=8, documents=True)[0]

    for tensor in (documents.document_ids, documents.position_ids, documents.cu_seqlens):
        assert tensor.dtype == torch.int32
