"""Labels beside a loop: ids are places in the stream, so y itself says whose each target is."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_corpora import BOS, ENGINES, corpora, fronted, nanochat_rows

import corpuskit
from corpuskit.batches import Batches
from corpuskit.batches.labels import LabelRuns, Labels
from corpuskit.batches.mixed_stream import MixedStream
from corpuskit.errors import ConfigError
from corpuskit.selection import Selection

SAMPLERS = [
    ("random", {}),
    ("shuffled", {}),
    ("shard_shuffled", {}),
    ("sequential", {"tail": "pad"}),
    ("packed", {}),
    ("packed", {"documents": "whole", "too_long": "truncate"}),
    ("packed", {"bos": 65535}),
    ("aligned", {}),
]


@pytest.fixture(scope="session")
def labelled(split_of):
    """A split whose ids are its places from `first` on, and a function from an id to its document's value."""

    class Labelled(split_of):
        field_names = ("lang",)

        def document_labels(self, field):
            assert field == "lang"
            names = tuple(sorted({one for one in self.langs if one is not None}))
            codes = [-1 if one is None else names.index(one) for one in self.langs]
            return names, np.array(codes, np.int32)

    def make(sizes, langs, first=0, **options):
        tokens = np.arange(first, first + sum(sizes)).astype(np.uint16)
        split = Labelled(tokens, document_ends=np.cumsum(sizes), fingerprint="", **options)
        split.langs = langs
        return split, dict(
            zip(
                range(first, first + sum(sizes)),
                [lang for size, lang in zip(sizes, langs, strict=True) for _ in range(size)],
                strict=True,
            )
        )

    return make


@st.composite
def documents(draw, least=1):
    sizes = draw(st.lists(st.integers(0, 12), min_size=least, max_size=25))
    langs = st.sampled_from(["de", "en", "fr", None])
    return sizes, draw(st.lists(langs, min_size=len(sizes), max_size=len(sizes)))


def assert_labels_are_those_of_y(y, labels, value_of):
    ids = np.asarray(labels.ids)
    assert ids.dtype == np.int32
    assert ids.shape == y.shape
    for target, number in zip(np.asarray(y).ravel().tolist(), ids.ravel().tolist(), strict=True):
        assert (number == -1) == (target == -100)
        assert target == -100 or labels.names[number] == value_of[target]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("sampler", "sampler_options"), SAMPLERS)
@given(made=documents(), block=st.integers(1, 9), seed=st.integers(0, 9), data=st.data())
@settings(max_examples=25, deadline=None)
def test_each_target_has_its_documents_value(
    labelled, engine, sampler, sampler_options, made, block, seed, data
):
    sizes, langs = made
    assume(sum(sizes) > block)
    split, value_of = labelled(sizes, langs, shard_sizes=[sum(sizes) // 3, sum(sizes) - sum(sizes) // 3])
    selection = None
    if data.draw(st.booleans()):
        numbers = sorted(data.draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1)))
        selection = Selection(numbers, split="", num_documents=len(sizes))
    world_size = data.draw(st.integers(1, 2))
    options = {
        "batch_size": 4,
        "block_size": block,
        "seed": seed,
        "sampler": sampler,
        "sampler_options": sampler_options,
        "selection": selection,
        "world_size": world_size,
        "rank": world_size - 1,
        **ENGINES[engine],
    }
    try:
        batches = Batches(split, labels="lang", documents=data.draw(st.booleans()), **options)
    except ConfigError:
        assume(False)
    for step in (0, 3):
        _, y, *_, labels = batches[step]
        assert_labels_are_those_of_y(y, labels, value_of)
        assert labels.names == batches.label_names
        *plain, masked = Batches(split, labels="lang", documents="mask", **options)[step]
        assert np.array_equal(masked.ids, labels.ids)  # a mask hides targets, and not whose they are
        without = Batches(split, documents="mask", **options)[step]
        assert len(without) == len(plain)
        assert all(np.array_equal(one, other) for one, other in zip(plain[:2], without, strict=False))


@given(made=corpora(), block=st.integers(1, 12), buffer=st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_an_id_in_front_of_a_document_as_a_target_has_the_value_of_the_token_behind_it(
    labelled, made, block, buffer
):
    sizes = [len(document) for document in made.documents]
    rows, _ = nanochat_rows(fronted(made.documents), block + 1, buffer=buffer)
    assume(rows and sum(sizes) > block)
    split, _ = labelled(sizes, [str(number) for number in range(len(sizes))], first=10)
    options = {"sampler": "aligned", "sampler_options": {"buffer": buffer, "bos": BOS}, "output": "numpy"}
    batches = Batches(split, batch_size=len(rows), block_size=block, labels="lang", **options)
    full = [number for number, size in enumerate(sizes) if size]
    for row, ids in zip(rows, batches[0][-1].ids.tolist(), strict=True):
        owners = [min([one for one in full if one >= token.document] or full[-1:]) for token in row[1:]]
        assert [batches.label_names[number] for number in ids] == [str(owner) for owner in owners]


@pytest.mark.parametrize("samplers", [("shuffled", "random"), ("packed", "random"), ("aligned", "aligned")])
@given(made=documents(), other=documents(), block=st.integers(1, 9), data=st.data())
@settings(max_examples=40, deadline=None)
def test_of_a_mixture_they_are_the_corpora_or_the_united_values(labelled, samplers, made, other, block, data):
    assume(min(sum(made[0]), sum(other[0])) > block)
    one, first = labelled(*made)
    two, second = labelled(*other, first=1000)
    has_field = data.draw(st.booleans())
    if not has_field:
        two.field_names = ()
        second = dict.fromkeys(second)
    weights = ((0, (Fraction(1, 3), Fraction(2, 3))),)
    try:
        stream = MixedStream(("a", "b"), ("a", "b"), (one, two), samplers, weights, (None, None))
        options = {"batch_size": 6, "block_size": block, "output": "numpy"}
        by_corpus, by_field = (Batches(stream, labels=labels, **options) for labels in (True, "lang"))
    except ConfigError:
        assume(False)
    _, y, labels = by_corpus[2]
    assert labels.names == by_corpus.label_names == ("a", "b")
    assert_labels_are_those_of_y(y, labels, dict.fromkeys(first, "a") | dict.fromkeys(second, "b"))
    _, y, labels = by_field[2]
    assert_labels_are_those_of_y(y, labels, first | second)
    assert len(set(labels.names)) == len(labels.names)


def test_a_corpus_alone_is_one_label_called_like_its_split(make_split):
    batches = Batches(make_split(100), batch_size=2, block_size=4, labels=True, output="numpy")
    *_, labels = batches[0]
    assert (labels.names, labels.ids.tolist()) == (("train",), [[0] * 4] * 2)


def test_tokens_that_no_document_ends_have_no_value(labelled):
    split, _ = labelled([3, 3], ["de", "de"])
    split._ends = split._ends[:1]
    split.langs = ["de"]
    *_, labels = Batches(
        split, batch_size=1, block_size=5, sampler="sequential", labels="lang", output="numpy"
    )[0]
    assert (labels.names, labels.ids.tolist()) == (("de", None), [[0, 0, 1, 1, 1]])


def test_they_come_last_whatever_else_is_asked_for(labelled, make_values):
    values = make_values({"weight": corpuskit.batches.stream.StreamInfo("<f4", 0.5, "input")}, 30)
    split, _ = labelled([10, 20], ["de", "en"], values=values)
    batches = Batches(
        split, batch_size=2, block_size=4, documents=True, streams=["weight"], labels="lang", prefetch=2
    )
    x, _y, segments, streams, labels = next(iter(batches))
    assert segments.document_ids.shape == streams["weight"].shape == labels.ids.shape == x.shape


def test_datasets_and_workers_carry_them(labelled):
    from torch.utils.data import DataLoader

    split, value_of = labelled([5] * 20, ["de", "en", None, "de"] * 5)
    batches = Batches(split, batch_size=4, block_size=3, sampler="shuffled", labels="lang")
    expected = [batches[step] for step in range(4)]
    loader = DataLoader(batches.iterable(), batch_size=None)
    for (_, y, labels), (_, _, wanted) in zip(loader, expected, strict=False):
        assert_labels_are_those_of_y(y, labels, value_of)
        assert labels.ids.equal(wanted.ids)
    x, y, ids = next(iter(DataLoader(batches.dataset(), batch_size=4)))
    assert x.equal(expected[0][0])
    assert_labels_are_those_of_y(y, Labels(batches.label_names, ids), value_of)


def test_they_change_no_order_so_a_run_goes_on_with_others(labelled):
    split, _ = labelled([50, 50], ["de", "en"])
    options = {"batch_size": 2, "block_size": 4, "sampler": "shuffled", "output": "numpy"}
    batches, labelled_batches = Batches(split, **options), Batches(split, labels="lang", **options)
    batches.seek(step=3)
    labelled_batches.load_state_dict(batches.state_dict())
    assert np.array_equal(next(iter(labelled_batches))[0], next(iter(batches))[0])


def test_neighbours_of_one_label_are_one_run():
    runs = LabelRuns(("a", "b"), np.array([2, 4, 6, 9]), np.array([0, 0, 1, 0], np.int32))
    labels = runs.of(np.array([1, -1]), np.array([7, 1]), (2, 4))
    assert labels.ids.tolist() == [[0, 0, 0, 1], [1, 0, 0, -1]]
    assert runs._ends.tolist() == [4, 6, 9]
    assert pickle.loads(pickle.dumps(labels)).names == ("a", "b")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("language", "documents of split 'train' have no such field; did you mean 'lang'?"),
        ("", "labels = '': must be a field's name, or true or false"),
        (3, "labels = 3: must be a field's name"),
    ],
)
def test_what_is_no_field_is_refused_at_once(labelled, labels, words):
    split, _ = labelled([50], ["de"])
    with pytest.raises(ConfigError, match=words):
        Batches(split, block_size=4, labels=labels)


def test_a_corpus_without_fields_says_how_to_keep_some(make_split):
    with pytest.raises(ConfigError, match="have no such field; it keeps none; prepare it with --keep"):
        Batches(make_split(100), block_size=4, labels="lang")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("resident", [False, True])
@pytest.mark.parametrize("sampler", ["shuffled", "packed"])
def test_on_a_cuda_device_they_are_where_the_batch_is_and_losses_add_up_there(labelled, sampler, resident):
    split, _ = labelled([5, 1, 9, 30] * 20, ["de", "en", None, "de"] * 20)
    options = {"batch_size": 4, "block_size": 16, "sampler": sampler, "labels": "lang"}
    on_device = Batches(split, device="cuda", prefetch=2, resident=resident, **options)
    host = Batches(split, output="numpy", **options)
    found, expected = corpuskit.LossBySource(), corpuskit.LossBySource()
    for step, (_, y, labels) in zip(range(5), on_device, strict=False):
        _, wanted, of_host = host[step]
        assert labels.ids.is_cuda
        assert labels.ids.tolist() == of_host.ids.tolist()
        found.add(y.double().abs().sqrt(), y, labels)
        expected.add(np.sqrt(abs(wanted)), wanted, of_host)
    assert found._sums.is_cuda
    assert found.totals() == pytest.approx(expected.totals(), rel=1e-12)
