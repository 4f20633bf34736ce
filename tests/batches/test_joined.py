"""Rows of `aligned` in batches beside rows that are made token by token."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_corpora import BOS, ENGINES, INFOS, corpora, fronted, nanochat_rows

from corpuskit.batches import Batches
from corpuskit.batches.joined import JoinedSource, spans_of_x, spans_of_y
from corpuskit.batches.mixed_stream import MixedStream
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.order import Order
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.samplers.base import ShardGroups, Spans, SpanSampler
from corpuskit.selection import Selection


def mixed(*splits, samplers):
    """Two splits in turns."""
    halves = (Fraction(1, 2), Fraction(1, 2))
    return MixedStream(("a", "b"), ("a", "b"), splits, samplers, ((0, halves),), (None, None))


@pytest.mark.filterwarnings("ignore:step 0 has a row without a single target")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("is_streamed", [False, True])
@given(made=corpora(), block=st.integers(1, 20), buffer=st.integers(1, 9), bos=st.booleans(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_x_y_masks_values_and_documents_are_those_of_the_rows_tokens(
    split_of, engine, is_streamed, made, block, buffer, bos, data
):
    documents = fronted(made.documents) if bos else made.documents
    rows, _ = nanochat_rows(documents, block + 1, buffer=buffer)
    assume(rows and len(made.tokens) > block)
    split = made.split(split_of)
    split.is_streamed = is_streamed
    mask = data.draw(st.sampled_from([True, "mask"]))
    batches = Batches(
        split,
        batch_size=len(rows),
        block_size=block,
        sampler="aligned",
        documents=mask,
        streams=[*INFOS],
        loss=data.draw(st.booleans()),
        sampler_options={"buffer": buffer} | ({"bos": BOS} if bos else {}),
        **ENGINES[engine],
    )

    x, y, segments, values = batches[0]

    for n, row in enumerate(rows):
        assert x[n].tolist() == [token.id for token in row[:-1]]
        for at, (one, target) in enumerate(itertools.pairwise(row)):
            hidden = (batches.options.loss and not target.loss) or (
                mask == "mask" and one.document != target.document
            )
            assert y[n][at] == (-100 if hidden else target.id)
            assert values["loss"][n][at] == target.loss
            assert values["part"][n][at] == one.part
            assert values["score"][n][at] == np.float32(target.score)
    numbers = [(n, token.document) for n, row in enumerate(rows) for token in row[:-1]]
    begins = [at for at in range(len(numbers)) if not at or numbers[at] != numbers[at - 1]]
    assert segments.cu_seqlens.tolist() == [*begins, len(numbers)]


@given(made=corpora(), other=corpora(first_id=5000), block=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_a_mixture_has_the_rows_of_each(split_of, made, other, block):
    each = [nanochat_rows(fronted(one.documents), block + 1)[0] for one in (made, other)]
    assume(all(each) and min(len(made.tokens), len(other.tokens)) > block)
    stream = mixed(made.split(split_of), other.split(split_of), samplers=("aligned", "aligned"))
    options = {"sampler": "aligned", "sampler_options": {"bos": BOS}, "documents": "mask", "loss": False}
    batches = Batches(stream, batch_size=8, block_size=block, output="numpy", **options)
    x, y, _ = batches[0]
    parts, own = batches.order.sampler._mixture.whose(np.arange(8))
    for n, (part, number) in enumerate(zip(parts, own, strict=True)):
        row = each[part][number % len(each[part])]
        assert x[n].tolist() == [token.id for token in row[:-1]]
        pairs = itertools.pairwise(row)
        assert y[n].tolist() == [b.id if a.document == b.document else -100 for a, b in pairs]


@given(made=corpora(), block=st.integers(1, 12), bos=st.booleans(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_rows_of_selected_documents_are_those_of_no_others(split_of, made, block, bos, data):
    numbers = sorted(data.draw(st.sets(st.integers(0, len(made.documents) - 1), min_size=1)))
    chosen = [made.documents[number] for number in numbers]
    rows, _ = nanochat_rows(fronted(chosen) if bos else chosen, block + 1)
    assume(rows and sum(map(len, chosen)) > block)
    split = made.split(split_of)
    batches = Batches(
        split,
        batch_size=len(rows),
        block_size=block,
        sampler="aligned",
        sampler_options={"bos": BOS} if bos else {},
        selection=Selection(numbers, split=split.fingerprint, num_documents=len(made.documents)),
        output="numpy",
        loss=False,
    )
    x, y = batches[0]
    assert x.tolist() == [[token.id for token in row[:-1]] for row in rows]
    assert y.tolist() == [[token.id for token in row[1:]] for row in rows]


@given(made=corpora(), block=st.integers(1, 12), other=st.integers(20, 60))
@settings(max_examples=40, deadline=None)
def test_plain_windows_may_be_mixed_in(split_of, make_split, made, block, other):
    rows, _ = nanochat_rows(made.documents, block + 1)
    assume(rows and len(made.tokens) > block)
    windows = make_split(other, document_ends=[7, other])
    stream = mixed(made.split(split_of), windows, samplers=("aligned", "shuffled"))
    x, y, segments = Batches(
        stream, batch_size=8, block_size=block, output="numpy", documents="mask", loss=False
    )[0]
    parts, own = Order(stream, BatchOptions(block_size=block)).sampler._mixture.whose(np.arange(8))
    for n in range(8):
        if parts[n]:
            plain = x[n].tolist()
            assert plain == list(range(plain[0], plain[0] + block))
            assert y[n].tolist() == [-100 if one + 1 in (7, other) else one + 1 for one in plain]
            cuts = segments.cu_seqlens.tolist()
            assert {n * block, *(n * block + plain.index(7) for _ in range(7 in plain))} <= {*cuts}
        else:
            assert x[n].tolist() == [token.id for token in rows[own[n] % len(rows)][:-1]]


def test_rows_that_may_have_padding_cannot_be_mixed_in(make_split):
    split = make_split(100, document_ends=[50, 100])
    stream = mixed(split, split, samplers=("aligned", "packed"))
    with pytest.raises(ConfigError, match="rows of sampler 'aligned', of a, cannot be mixed with those of"):
        Batches(stream, batch_size=2, block_size=8, output="numpy")


def test_the_spans_of_x_and_of_y_are_all_but_the_last_and_the_first_token():
    spans = Spans(*map(np.array, ([0, 2, 4], [10, 20, 30, 40], [2, 0, 0, 2], [-1, 7, 7, -1])))

    first, starts, lengths, bos = spans_of_x(spans)
    assert (first.tolist(), starts.tolist(), lengths.tolist()) == ([0, 1, 3], [10, 30, 40], [2, 0, 1])
    assert bos.tolist() == [-1, 7, -1]
    first, starts, lengths, bos = spans_of_y(spans, joined=True)
    assert (first.tolist(), starts.tolist(), lengths.tolist()) == ([0, 2, 3], [11, 20, 40], [1, 0, 2])
    assert bos.tolist() == [-1, 7, -1]


def test_a_run_goes_on_where_it_was_and_no_other_one_does(split_of):
    tokens = np.arange(10, 1010, dtype=np.uint16)
    split = split_of(tokens, document_ends=np.cumsum([13, 7, 30, 50, 100] * 5))
    options = {"batch_size": 4, "block_size": 16, "sampler": "aligned", "output": "numpy"}
    batches = Batches(split, **options, sampler_options={"bos": 1})
    expected = [batches[step][0].tolist() for step in range(9)]
    batches.seek(step=5)
    state = batches.state_dict()

    again = Batches(split, **options, sampler_options={"bos": 1}, rank=1, world_size=2)
    again.load_state_dict(state)
    assert next(iter(again))[0].tolist() == expected[5][2:]
    for other in ({}, {"bos": 2}, {"bos": 1, "buffer": 5}):
        with pytest.raises(ResumeError, match="the state was saved with sampler_options"):
            Batches(split, **options, sampler_options=other).load_state_dict(state)


def test_what_a_sampler_of_joined_rows_says_of_the_coming_shards_is_heard():
    class Ahead(SpanSampler):
        joined = True

        def spans(self, samples):
            return Spans(np.arange(len(samples) + 1), samples, np.full(len(samples), 5))

        def upcoming(self, sample):
            return ShardGroups(np.array([sample]), np.array([90]))

    class Hearing:
        looks_ahead = True

        def expect(self, upcoming):
            self.heard = upcoming

        def locate(self, starts, lengths):
            return starts

    reader = Hearing()
    JoinedSource(Ahead(), reader, 4).resolve(np.array([3, 4]))
    assert [places.tolist() for places in reader.heard] == [[3], [90]]
