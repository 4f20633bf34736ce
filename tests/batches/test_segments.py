import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import corpuskit
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


@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=20),
    block=st.integers(1, 25),
    mask=st.sampled_from([True, "mask"]),
)
@settings(deadline=None)
def test_documents_in_spans_that_go_over_them_agree_with_a_look_at_each_place(make_split, sizes, block, mask):
    ends = np.cumsum(sizes)
    if ends[-1] < block + 1:
        return
    options = {"batch_size": 3, "block_size": block, "sampler": "sequential", "output": "numpy"}
    split = make_split(int(ends[-1]), document_ends=ends)
    tail = Batches(split, documents=mask, sampler_options={"tail": "pad"}, **options)

    for step, (x, y, documents) in enumerate(tail):
        real = x > 0  # ids are places in the stream, and padding is 0
        real[0, 0] |= step == 0
        ids, positions, foreign = slow_documents(x, np.unique(ends))
        targets = np.where(foreign, -100, x + 1) if mask == "mask" else x + 1
        np.testing.assert_array_equal(y, np.where(real, targets, -100))
        np.testing.assert_array_equal(documents.position_ids[real], positions[real])
        both = real[:, 1:] & real[:, :-1]
        same = [np.diff(numbers, axis=1)[both] == 0 for numbers in (ids, documents.document_ids)]
        np.testing.assert_array_equal(*same)


def test_a_window_beside_packed_rows_is_masked_where_its_documents_end(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text('{"text": "abcdefg"}\n' * 40)
    corpora = [
        corpuskit.prepare(
            tmp_path / f"{name}.jsonl", encoding="bytes", output=tmp_path / name, progress=False
        )
        for name in ("a", "b")
    ]
    mixture = corpuskit.mix({corpora[0]: 0.5, corpora[1]: 0.5})
    samplers = {corpora[0]: "packed", corpora[1]: "random"}
    options = {"batch_size": 8, "block_size": 20, "samplers": samplers, "output": "numpy"}
    x, y, documents = mixture.batches("train", documents="mask", **options)[0]
    last = x == 256  # the id that ends each text
    assert last.any()
    assert (y[last] == -100).all()
    assert (np.diff(documents.document_ids, axis=1)[last[:, :-1]] == 1).all()
