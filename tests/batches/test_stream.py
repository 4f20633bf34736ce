"""What batches need of a token stream, and what one has unless it says otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.batches.stream import TokenStream
from corpuskit.samplers.base import SamplerContext


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
