import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_corpora import BOS, ENGINES, INFOS, corpora, fronted
from torch.nn import functional as F

import corpuskit
from corpuskit.batches import Batches
from corpuskit.batches.segment_limits import most_segments
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


# Flat batches


def made_segments(documents, block, longest, multiple):
    """How often each segment must come in an epoch of packed rows: its x, y, values and tokens, padded."""
    fills = {name: info.fill for name, info in INFOS.items()}
    found = Counter()
    for document in documents:
        pairs = [*itertools.pairwise(document)]
        for piece in (pairs[at : at + block] for at in range(0, len(pairs), block)):
            for some in (piece[at : at + longest] for at in range(0, len(piece), longest)):
                more = -len(some) % multiple
                x = [one.id for one, _ in some] + [0] * more
                y = [two.id if two.loss else -100 for _, two in some] + [-100] * more
                values = [
                    [two.loss for _, two in some] + [fills["loss"]] * more,
                    [one.part for one, _ in some] + [fills["part"]] * more,
                    [two.score for _, two in some] + [fills["score"]] * more,
                ]
                places = [*range(len(x))]
                found[repr((len(some), x, y, places, values))] += 1
    return found


@pytest.mark.filterwarnings("ignore:step .* has a row without a single target")
@pytest.mark.parametrize("engine", ENGINES)
@given(made=corpora(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_the_segments_of_a_flat_epoch_are_the_pieces_of_its_documents_each_padded(
    split_of, engine, made, data
):
    multiple = data.draw(st.integers(1, 5))
    block, longest = (multiple * data.draw(st.integers(1, 5)) for _ in range(2))
    bos = data.draw(st.booleans())
    assume(len(made.tokens) > block and max(map(len, made.documents)) + bos > 1)
    documents = fronted(made.documents) if bos else made.documents
    rows = {
        "sampler": "packed",
        "block_size": block,
        "sampler_options": {"pad_to_multiple": multiple, **({"bos": BOS} if bos else {})},
        "layout": "flat",
        "max_segment": longest,
    }
    split = made.split(split_of)
    size = Batches(split, batch_size=1, output="numpy", **rows).samples_per_epoch
    flat = Batches(split, batch_size=size, streams=[*INFOS], **rows, **ENGINES[engine])
    number = most_segments(flat.order)
    flat = Batches(split, batch_size=size, streams=[*INFOS], max_segments=number, **rows, **ENGINES[engine])

    x, y, segments, values = flat[0]

    assert tuple(x.shape) == tuple(y.shape) == segments.shape == (1, size * block)
    cuts, unpadded = segments.cu_seqlens.tolist(), segments.cu_seqlens_unpadded
    unpadded = cuts if unpadded is None else unpadded.tolist()
    assert (len(cuts), len(unpadded)) == (number + 1, number + 1)
    assert cuts[-1] == size * block
    columns = [part[0].tolist() for part in (x, y, segments.position_ids, *map(values.get, INFOS))]
    found = Counter()
    for (a, b), (tokens, more) in zip(itertools.pairwise(cuts), itertools.pairwise(unpadded), strict=True):
        assert (b - a) % multiple == 0
        assert b - a <= segments.max_seqlen
        one, two, places, *beside = [column[a:b] for column in columns]
        if any(one):
            real = sum(map(bool, one)) if multiple == 1 else more - tokens
            found[repr((real, one, two, places, beside))] += 1
        else:  # a row's padding, or none
            assert multiple == 1 or more == tokens
            assert set(two) <= {-100}
    assert found == made_segments(documents, block, longest, multiple)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("multiple", [1, 4])
def test_each_document_of_a_flat_batch_has_the_logits_that_it_has_alone(make_split, multiple):
    flex = pytest.importorskip("torch.nn.attention.flex_attention")
    sizes = [5, 1, 17, 9, 2, 12, 30, 3, 8]
    split = make_split(sum(sizes), document_ends=np.cumsum(sizes), fingerprint="")
    x, _, segments = Batches(
        split,
        batch_size=3,
        block_size=32,
        sampler="packed",
        sampler_options={"pad_to_multiple": multiple},
        layout="flat",
        max_segment=16,
        max_segments=40,
    )[0]
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(3, 2, 16, 16, generator=generator) / 4
    ids, places = (torch.randn(128, 16, generator=generator) for _ in range(2))

    def heads(tokens, positions):
        return torch.einsum("nd,khde->khne", ids[tokens] + places[positions], weights)[:, None]

    query, key, value = heads(x[0], segments.position_ids[0])
    numbers = segments.document_ids[0]
    dense = F.scaled_dot_product_attention(query, key, value, attn_mask=(numbers[:, None] == numbers).tril())
    block_mask = flex.create_block_mask(
        lambda b, h, q, k: (q >= k) & (numbers[q] == numbers[k]), None, None, 96, 96, device="cpu"
    )
    flexible = flex.flex_attention(query, key, value, block_mask=block_mask)
    real = segments.cu_seqlens if multiple == 1 else segments.cu_seqlens_unpadded
    num_real = 0
    for begin, count in zip(segments.cu_seqlens[:-1].tolist(), real.diff().tolist(), strict=True):
        tokens = x[0, begin : begin + count]
        alone = F.scaled_dot_product_attention(*heads(tokens, torch.arange(count)), is_causal=True)
        for together in (dense, flexible):
            torch.testing.assert_close(together[:, :, begin : begin + count], alone, atol=1e-5, rtol=0)
        num_real += count
    assert num_real == (96 if multiple == 1 else sum(sizes) - len(sizes))
