"""How many targets are to be learned, compared with sums of the whole stream in memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.batches import target_counts
from corpuskit.batches.target_counts import target_counter
from corpuskit.value_streams import LOSS


def test_a_stream_without_a_loss_stream_has_nothing_to_count(make_split):
    assert target_counter(make_split(20)) is None


@pytest.mark.parametrize("piece", [1, 3, 2**22])
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_the_targets_of_spans_are_those_after_each_token(with_loss, piece, data):
    sizes = data.draw(st.lists(st.integers(0, 12), min_size=1, max_size=5).filter(sum))
    total = sum(sizes)
    loss = np.array(data.draw(st.lists(st.integers(0, 1), min_size=total, max_size=total)), np.uint8)
    without = data.draw(st.sets(st.integers(0, len(sizes) - 1)))
    split = with_loss(loss, shard_sizes=sizes, without=without)
    real = loss.copy()
    for number in without:
        real[split.shard_starts[number] : split.shard_starts[number + 1]] = 1
    starts = np.array(data.draw(st.lists(st.integers(0, total - 1), max_size=20)), np.int64)
    lengths = np.array([data.draw(st.integers(0, total - 1 - start)) for start in starts.tolist()], np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target_counts, "_PIECE", piece)
        found = target_counter(split)(starts, lengths)
    expected = [int(real[s + 1 : s + n + 1].sum()) for s, n in zip(starts, lengths, strict=True)]
    assert found.tolist() == expected
    assert found.dtype == np.int64


def test_a_value_above_one_is_one_target(with_loss):
    counter = target_counter(with_loss(np.array([9, 2, 0, 255, 1], np.uint8)))
    assert counter(np.array([0, 2]), np.array([4, 1])).tolist() == [3, 1]


def test_only_the_shards_that_the_spans_touch_are_read(with_loss):
    split = with_loss(np.ones(30, np.uint8), shard_sizes=[10, 10, 10])
    read = []
    shard = split.stream_shard
    split.stream_shard = lambda name, number: read.append(number) or shard(name, number)
    assert target_counter(split)(np.array([12]), np.array([5])).tolist() == [5]
    assert read == [1]
    assert LOSS in split.streams
