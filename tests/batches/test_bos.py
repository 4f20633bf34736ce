"""An id in front of documents: rows of `packed` beside pieces that are made token by token."""

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_corpora import BOS, ENGINES, INFOS, Token, corpora, fronted

from corpuskit.batches import Batches
from corpuskit.batches.mixed_stream import MixedStream
from corpuskit.errors import ConfigError
from corpuskit.selection import Selection


def pieces_of(documents, block, *, masks):
    """How often each piece must come in an epoch: its x, y, and values at each place."""
    found = Counter()
    for document in documents:
        pairs = [*itertools.pairwise(document)]
        for at in range(0, len(pairs), block):
            some = pairs[at : at + block]
            x = tuple(one.id for one, _ in some)
            y = tuple(-100 if masks and not two.loss else two.id for _, two in some)
            values = ((two.loss, one.part, float(np.float32(two.score))) for one, two in some)
            found[x, y, tuple(values)] += 1
    return found


@pytest.mark.filterwarnings("ignore:step 0 has a row without a single target")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("is_streamed", [False, True])
@given(made=corpora(), block=st.integers(1, 20), data=st.data())
@settings(max_examples=200, deadline=None)
def test_each_piece_of_each_document_is_in_one_row_with_the_id_in_front(
    split_of, engine, is_streamed, made, block, data
):
    assume(len(made.tokens) > block)
    masks, skips = data.draw(st.booleans()), data.draw(st.booleans())
    split = made.split(split_of)
    split.is_streamed = is_streamed
    options = {"sampler": "packed", "sampler_options": {"bos": BOS}, "block_size": block, "loss": masks}
    rows = Batches(split, batch_size=1, output="numpy", **options).samples_per_epoch
    batches = Batches(split, batch_size=rows, documents=True, streams=[*INFOS], **options, **ENGINES[engine])

    x, y, segments, values = batches[0]

    x, y = x.reshape(-1).tolist(), y.reshape(-1).tolist()
    beside = [values[name].reshape(-1).tolist() for name in INFOS]
    cuts = segments.cu_seqlens.tolist()
    found = Counter()
    for a, b in itertools.pairwise(cuts):
        if x[a] == 0:  # padding
            assert (set(x[a:b]), set(y[a:b])) == ({0}, {-100})
            fill = tuple(info.fill for info in INFOS.values())
            assert set(zip(*(one[a:b] for one in beside), strict=True)) == {fill}
            continue
        found[tuple(x[a:b]), tuple(y[a:b]), tuple(zip(*(one[a:b] for one in beside), strict=True))] += 1
    assert found == pieces_of(fronted(made.documents), block, masks=masks)

    untrained = sum(not (np.reshape(y, (rows, block))[n] != -100).any() for n in range(rows))
    if masks and skips and untrained < rows:
        options["sampler_options"] = {"bos": BOS, "skip_untrained": True}
        kept = Batches(split, batch_size=1, output="numpy", **options)
        assert kept.counted["train"].get("rows_skipped", 0) == untrained


@given(made=corpora(), block=st.integers(1, 12), data=st.data())
@settings(max_examples=60, deadline=None)
def test_selected_documents_have_it_too(split_of, made, block, data):
    numbers = sorted(data.draw(st.sets(st.integers(0, len(made.documents) - 1), min_size=1)))
    chosen = [made.documents[number] for number in numbers]
    assume(sum(map(len, chosen)) > block)
    split = made.split(split_of)
    batches = Batches(
        split,
        batch_size=1,
        block_size=block,
        sampler="packed",
        sampler_options={"bos": BOS},
        selection=Selection(numbers, split=split.fingerprint, num_documents=len(made.documents)),
        output="numpy",
        loss=False,
    )
    found = Counter()
    for step in range(batches.samples_per_epoch):
        x, y = batches[step]
        found.update(zip(x[y != -100].tolist(), y[y != -100].tolist(), strict=True))
    pairs = (itertools.pairwise(one) for one in fronted(chosen))
    assert found == Counter((a.id, b.id) for some in pairs for a, b in some)


@given(made=corpora(), other=corpora(first_id=5000), block=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_rows_of_a_mixture_have_it_in_front_of_documents_alone(split_of, made, other, block):
    assume(min(len(made.tokens), len(other.tokens)) > block)
    halves = (Fraction(1, 2), Fraction(1, 2))
    splits = (made.split(split_of), other.split(split_of))
    stream = MixedStream(("a", "b"), ("a", "b"), splits, ("packed", "packed"), ((0, halves),), (None, None))
    options = {"sampler_options": {"bos": BOS}, "loss": False, "output": "numpy"}
    x, y = Batches(stream, batch_size=64, block_size=block, **options)[0]
    pairs = [
        pair for one in (made, other) for doc in fronted(one.documents) for pair in itertools.pairwise(doc)
    ]
    found = {*zip(x[y != -100].tolist(), y[y != -100].tolist(), strict=True)}
    assert found <= {(one.id, target.id) for one, target in pairs}


@pytest.mark.parametrize("sampler", ["packed", "aligned"])
@given(made=corpora(), block=st.integers(1, 20), seed=st.integers())
@settings(max_examples=60, deadline=None)
def test_rows_are_those_of_documents_that_begin_with_it(split_of, sampler, made, block, seed):
    documents = fronted(made.documents)
    ids = np.array([token.id for document in documents for token in document], np.uint16)
    prepared = split_of(ids, document_ends=np.cumsum([*map(len, documents)]), fingerprint="")
    assume(len(made.tokens) > block)
    options = {"batch_size": 1, "block_size": block, "sampler": sampler, "seed": seed, "output": "numpy"}
    try:
        expected = Batches(prepared, **options)
    except ConfigError:  # no row
        assume(False)
    found = Batches(made.split(split_of), **options, sampler_options={"bos": BOS}, loss=False)
    assert found.samples_per_epoch == expected.samples_per_epoch
    for step in range(found.samples_per_epoch):
        for one, other in zip(found[step], expected[step], strict=True):
            np.testing.assert_array_equal(one, other)


def test_documents_that_have_it_are_refused(split_of):
    tokens = np.array([3, 5, 6, 3, 3, 7, 8], np.uint16)
    options = {"batch_size": 1, "block_size": 2, "sampler": "packed", "output": "numpy"}
    each = split_of(tokens, document_ends=[3, 3, 4, 7], shard_sizes=[3, 0, 1, 3])
    with pytest.raises(ConfigError, match="each document of split 'train' begins with id 3 already"):
        Batches(each, **options, sampler_options={"bos": 3})
    for ends in ([3, 5, 7], [2, 7], [1, 3, 7]):  # one document has not
        Batches(split_of(tokens, document_ends=ends), **options, sampler_options={"bos": 3})
    Batches(each, **options, sampler_options={"bos": 4})


@pytest.mark.parametrize(
    ("bos", "message"),
    [
        (70000, "must be an id below 65,536, or a control token's name"),
        (-1, "must be an id below 65,536"),
        (True, "must be an id below 65,536"),
        ("<|bos|>", "has no control token of this name; its tokenizer has none; say an id"),
    ],
)
def test_what_is_no_id_is_refused(make_split, bos, message):
    split = make_split(100, document_ends=[50, 100])
    with pytest.raises(ConfigError, match=message):
        Batches(split, batch_size=1, block_size=8, sampler="aligned", sampler_options={"bos": bos})


def test_other_samplers_say_who_has_the_option(make_split):
    with pytest.raises(ConfigError, match="packed and aligned have that option"):
        Batches(make_split(100), batch_size=1, block_size=8, sampler="shuffled", sampler_options={"bos": 1})


def test_oracles_fill_ids_in_front():
    assert fronted([[]]) == [[Token(BOS, 0, INFOS["loss"].fill, INFOS["part"].fill, INFOS["score"].fill)]]
