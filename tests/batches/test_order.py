"""Which rows of a stream each sample is."""

import itertools

import numpy as np
import pytest

from corpuskit.batches import Batches

OPTIONS = {"batch_size": 8, "block_size": 16, "output": "numpy"}


def take(batches, count):
    return list(itertools.islice(batches, count))


def test_a_batch_is_windows_of_the_stream(make_split):
    x, y = Batches(make_split(1000), **OPTIONS)[5]

    assert x.shape == y.shape == (8, 16)
    assert x.dtype == y.dtype == np.int64
    np.testing.assert_array_equal(x, x[:, :1] + np.arange(16))
    np.testing.assert_array_equal(y, x + 1)


@pytest.mark.parametrize("world_size", [1, 2, 3, 4, 8])
@pytest.mark.fault("R5")
def test_ranks_share_each_batch_in_the_same_global_order(make_split, world_size, assert_same_batches):
    split = make_split(5000)
    options = {**OPTIONS, "batch_size": 24}
    whole = take(Batches(split, **options), 20)
    ranks = [take(Batches(split, **options, rank=r, world_size=world_size), 20) for r in range(world_size)]

    steps = zip(*ranks, strict=True)
    together = [tuple(np.concatenate(part) for part in zip(*step, strict=True)) for step in steps]
    assert_same_batches(together, whole)


@pytest.mark.parametrize("shard_size", [1, 2, 3, 16, 17, 18, 64, 100, 999, 1000])
def test_a_batch_is_the_same_whatever_the_shard_size(make_split, shard_size, assert_same_batches):
    sizes = [min(shard_size, 1000 - at) for at in range(0, 1000, shard_size)]

    found = take(Batches(make_split(1000, shard_sizes=sizes), **OPTIONS), 5)

    assert_same_batches(found, take(Batches(make_split(1000), **OPTIONS), 5))


def test_rows_and_spans_are_those_of_any_samples_and_of_none_below_zero(make_split):
    order = Batches(make_split(1000), **OPTIONS).order
    spans = order.spans([3, 0])
    assert order.rows([3, 0])[0][:, 0].tolist() == spans.starts.tolist()
    for ask in (order.rows, order.spans):
        with pytest.raises(IndexError, match="sample -1: samples count from 0"):
            ask([0, -1])


def test_rows_end_with_their_values(wide_batches):
    order = wide_batches(has_values=True, loss=False, streams=["part", "loss"], documents=True).order
    x, y, ids, positions, values = order.rows([5, 2])
    assert [*values] == ["part", "loss"]
    at = order.spans([5, 2]).starts[:, None] + np.arange(16)
    split = order.stream
    assert values["part"].tolist() == split.stream("part")[:][at].tolist()
    assert values["loss"].tolist() == split.stream("loss")[:][at + 1].tolist()
    assert ids.shape == positions.shape == x.shape == y.shape
