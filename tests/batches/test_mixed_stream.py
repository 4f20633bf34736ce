"""The corpora of a mixture as one stream."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from corpuskit.batches import Batches
from corpuskit.batches.mixed_stream import MixedStream, exact
from corpuskit.errors import ConfigError
from corpuskit.value_streams import LOSS_INFO, StreamInfo


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, Fraction, str])
def test_a_weight_is_what_was_written_whoever_holds_it(kind):
    assert exact(kind("0.5")) == Fraction(1, 2)
    assert exact(np.float32(0.1)) == Fraction(1, 10)
    assert exact(np.int64(3)) == exact(np.uint8(3)) == 3


def mixed(*splits, sampler="shuffled"):
    names = tuple("abc"[: len(splits)])
    weights = (Fraction(1, len(splits)),) * len(splits)
    return MixedStream(names, names, splits, (sampler,) * len(splits), ((0, weights),), (None,) * len(splits))


@pytest.mark.parametrize("sampler", ["random", "packed"])
def test_a_corpus_without_a_stream_reads_as_its_fill(make_split, sampler):
    ends = range(10, 101, 10)
    loss = np.arange(100) % 3 > 0
    plain = make_split(100, document_ends=ends, fingerprint="")
    marked = make_split(
        100,
        shard_sizes=[40, 60],
        document_ends=ends,
        fingerprint="",
        values={"loss": (LOSS_INFO, loss, set())},
    )
    stream = mixed(plain, marked, plain, sampler=sampler)
    expected = np.concatenate((np.ones(100), loss, np.ones(100)))
    assert [*stream.streams] == ["loss"]
    assert stream.stream("loss")[:].tolist() == expected.tolist()
    assert stream.stream("loss").shard(0) is None

    batches = Batches(stream, batch_size=8, block_size=8, output="numpy", streams=["loss"])
    for step in range(5):
        x, y, values = batches[step]
        spans = batches.order.spans(range(8 * step, 8 * step + 8))
        for row in range(8):
            places = np.concatenate(
                [
                    np.arange(start, start + length)
                    for start, length in zip(
                        spans.starts[spans.first[row] : spans.first[row + 1]],
                        spans.lengths[spans.first[row] : spans.first[row + 1]],
                        strict=True,
                    )
                ]
            )
            used = len(places)
            assert x[row, :used].tolist() == (places % 100).tolist()
            assert values["loss"][row, :used].tolist() == expected[places + 1].tolist()
            assert ((y[row, :used] == -100) == (expected[places + 1] == 0)).all()


def test_streams_of_one_name_must_be_of_one_kind(make_split):
    def split(info):
        return make_split(50, values={"score": (info, np.ones(50), set())})

    one = split(StreamInfo("<f4", 0, "input"))
    assert mixed(one, one).stream("score")[60] == 1
    other = split(StreamInfo("<f4", 1, "input"))
    message = "stream 'score' of b is of float32 with fill 1 for each input, that of another .* fill 0"
    with pytest.raises(ConfigError, match=message):
        mixed(one, other).stream("score")
    Batches(mixed(one, other), batch_size=2, block_size=4)  # who does not ask for it does not mind
    with pytest.raises(ConfigError, match="has no stream 'scores'; did you mean 'score'"):
        Batches(mixed(one, other), batch_size=2, block_size=4, streams=["scores"])


def test_each_corpus_shuffles_its_own_shards(make_split):
    one = make_split(1000, shard_sizes=[100] * 10)
    other = make_split(600, shard_sizes=[150] * 4)
    stream = mixed(one, other, sampler="shard_shuffled")
    batches = Batches(stream, batch_size=2, block_size=9, sampler_options={"group_tokens": 300})

    def shards(places):
        return set((np.searchsorted(stream.shard_starts, places, side="right") - 1).tolist())

    assert batches.order.sampler.group_tokens == 300
    for sample in range(200):
        now, then = batches.order.sampler.upcoming(sample)
        assert len(now) == len(shards(now)) <= 3 + 2  # the last group of an epoch has a shard less
        assert len(then) == len(shards(then)) <= 3 + 2
        assert shards(batches.order.spans([sample]).starts[:1]) <= shards(now)


def test_a_corpus_whose_rows_may_be_anywhere_says_nothing_of_its_shards(make_split):
    one, other = make_split(1000, shard_sizes=[100] * 10), make_split(600)
    samplers, weights = ("shuffled", "shard_shuffled"), (Fraction(1, 2),) * 2
    stream = MixedStream(("a", "b"), ("a", "b"), (one, other), samplers, ((0, weights),), (None, None))
    now, then = Batches(stream, batch_size=2, block_size=9).order.sampler.upcoming(5)
    assert (now.tolist(), then.tolist()) == ([1000], [1000])
    assert Batches(mixed(one, other), batch_size=2, block_size=9).order.sampler.upcoming(5) is None
