"""What batches need of a token stream, and what one has unless it says otherwise."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from corpuskit.batches.stream import TokenStream
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import SamplerContext
from corpuskit.value_streams import LOSS_INFO, StreamInfo


def test_a_stream_is_one_corpus_whose_shards_are_all_here(make_split):
    split = make_split(10, shard_sizes=[3, 7])
    assert split.names == ("train",)
    assert split.parts() == [(split, 0), (split, 1)]
    assert not split.is_streamed
    assert split.is_here(1)
    assert split.fits([0, 1])
    assert split.earlier_fingerprints == frozenset()


def test_a_stream_opens_samplers_by_their_names(make_split):
    context = SamplerContext(100, 8, 0, document_ends=lambda: np.array([100]))
    sampler = make_split(100).open_sampler("sequential", context)
    assert sampler.in_order
    assert sampler.starts(np.arange(3)).tolist() == [0, 8, 16]


def test_what_gives_no_shards_is_no_stream():
    with pytest.raises(TypeError, match="abstract"):
        TokenStream()


@pytest.fixture
def marked(make_split):
    """Ten tokens in three shards; the one in the middle has no weights."""
    info = StreamInfo("<f4", 0.5, "input")
    values = np.arange(10) * 2
    return make_split(10, shard_sizes=[3, 4, 3], values={"weight": (info, values, {1})})


def test_items_are_copied_by_their_places_across_shards(make_split):
    split = make_split(10, shard_sizes=[3, 0, 7])
    assert len(split) == 10
    assert split[2:5].tolist() == [2, 3, 4]
    assert split[-2:].tolist() == [8, 9]
    assert split[5:2].tolist() == []
    assert split[-1] == 9
    assert split[2:5].flags.writeable
    with pytest.raises(IndexError, match="token 10 of split 'train', which has 10"):
        split[10]
    with pytest.raises(IndexError, match="a split is sliced without a step"):
        split[::2]


def test_a_shard_without_values_reads_as_the_fill(marked):
    weight = marked.stream("weight")
    assert weight.shard(1) is None
    assert weight[:].tolist() == [0, 2, 4, 0.5, 0.5, 0.5, 0.5, 14, 16, 18]
    assert (weight[0], weight[4], len(weight)) == (0, 0.5, 10)
    assert weight[:].dtype == np.float32
    assert weight.shard_starts.tolist() == marked.shard_starts.tolist()
    with pytest.raises(IndexError, match="token 10 of stream 'weight', which has 10"):
        weight[10]


def test_a_stream_of_values_pickles(marked):
    weight = pickle.loads(pickle.dumps(marked.stream("weight")))
    assert weight[:].tolist() == marked.stream("weight")[:].tolist()
    assert (weight.of, weight.fill, weight.name) == ("input", 0.5, "weight")


def test_a_stream_that_is_not_there_names_the_near_ones(marked, make_split):
    with pytest.raises(ConfigError, match=r"split 'train' has no stream 'wieght'; did you mean 'weight'\?"):
        marked.stream("wieght")
    with pytest.raises(ConfigError, match="has no stream 'loss'; known: weight"):
        marked.stream("loss")
    with pytest.raises(ConfigError, match="split 'train' has no stream 'loss'; it has none but its ids"):
        make_split(10).stream("loss")


def test_values_are_where_their_ids_are(make_split):
    split = make_split(10, values={"loss": (LOSS_INFO, np.ones(10), set())})
    split.is_streamed = True
    split.is_here, split.fits = (lambda number: False), (lambda numbers: list(numbers) == [0])
    loss = split.stream("loss")
    assert loss.is_streamed
    [(part, number)] = loss.parts()
    assert (part.is_here(number), part.fits([0]), part.fits([0, 1])) == (False, True, False)
