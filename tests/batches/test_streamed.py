"""Windows of a stream whose shards come and go."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from corpuskit.batches import Batches
from corpuskit.batches.mixed_stream import MixedStream
from corpuskit.batches.streamed import StreamedReader
from corpuskit.samplers.base import ShardGroups
from corpuskit.value_streams import LOSS_INFO


@pytest.fixture
def coming(make_split):
    """A stream of ten shards of which only so many fit; `asked` and `announced` are what it was asked for."""

    def make(room):
        split = make_split(1000, shard_sizes=[100] * 10)
        split.is_streamed = True
        split.asked, split.announced = [], []
        shard = split.shard
        split.shard = lambda number: split.asked.append(number) or shard(number)
        split.fits = lambda numbers: len(set(numbers)) <= room
        split.again = []

        def will_need(numbers, *, again=False):
            (split.again if again else split.announced).append(list(numbers))

        split.will_need = will_need
        return split

    return make


@pytest.mark.parametrize("room", [2, 10])
@pytest.mark.parametrize("sampler", ["random", "shuffled", "shard_shuffled", "sequential", "packed"])
def test_batches_are_those_of_shards_that_are_all_here(make_split, coming, room, sampler):
    options = {"batch_size": 4, "block_size": 16, "sampler": sampler, "output": "numpy"}
    ends = list(range(50, 1001, 50))
    here = make_split(1000, document_ends=ends, fingerprint="", shard_sizes=[100] * 10)
    there = coming(room)
    there._ends, there.fingerprint = np.asarray(ends), ""
    for step in range(8):
        for found, expected in zip(
            Batches(there, **options)[step], Batches(here, **options)[step], strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def test_what_is_read_next_is_announced_in_its_order(coming):
    split = coming(10)
    StreamedReader(split, 5).locate(np.array([920, 15, 198]))
    assert split.announced == [[9, 0, 1, 2]]
    assert split.asked == []


def test_a_shard_is_read_once_for_many_windows_where_not_all_of_them_fit(coming):
    split = coming(2)
    reader = StreamedReader(split, 5)
    located = reader.locate(np.arange(0, 990, 7))
    for at in range(0, len(located), 4):
        reader.gather(located[at : at + 4])
    assert sorted(split.asked) == list(range(10))


def test_shards_that_are_read_for_some_time_are_announced_with_those_after_them(coming):
    split = coming(3)
    reader = StreamedReader(split, 5)
    reader.expect(ShardGroups(np.array([300, 900, 0]), np.array([500])))
    reader.locate(np.array([920, 15]))
    assert split.again == [[9, 0, 3, 5]]
    reader.expect(None)
    reader.locate(np.array([920, 15]))
    assert split.announced == [[9, 0]]


@pytest.mark.parametrize(("room", "times"), [(3, 3), (2, 1)])
def test_shards_are_read_in_one_pass_only_where_those_of_some_time_do_not_fit(coming, room, times):
    split = coming(room)
    reader = StreamedReader(split, 5)
    reader.expect(ShardGroups(np.array([0, 100, 200]), np.array([500])))
    located = reader.locate(np.tile([10, 110, 210], 3))
    for at in range(0, 9, 3):
        reader.gather(located[at : at + 3])
    assert sorted(split.asked) == sorted([0, 1, 2] * times)


def test_beside_shuffled_shards_another_corpus_that_does_not_fit_is_read_in_one_pass(coming):
    grouped, other = coming(3), coming(2)
    weights = ((0, (Fraction(1, 2),) * 2),)
    stream = MixedStream(("a", "b"), ("a", "b"), (grouped, other), ("random",) * 2, weights, (None,) * 2)
    reader = StreamedReader(stream, 5)
    reader.expect(ShardGroups(np.array([0, 100, 200]), np.array([500])))
    located = reader.locate(np.stack([np.arange(0, 290, 10), np.arange(1000, 1950, 33)], axis=1).ravel())
    for at in range(0, len(located), 4):
        reader.gather(located[at : at + 4])
    assert sorted(other.asked) == list(range(10))
    assert grouped.again == [[0, 1, 2, 5]]


def test_shuffled_shards_are_asked_for_group_by_group(coming):
    split = coming(10)
    options = {"batch_size": 4, "block_size": 9, "sampler": "shard_shuffled", "seed": 2, "output": "numpy"}
    batches = Batches(split, sampler_options={"group_tokens": 200}, **options)
    order = [*dict.fromkeys(at // 100 for at in _starts(batches))]
    for _ in batches:
        pass
    found = [*dict.fromkeys(split.asked)]
    assert [{*found[at : at + 2]} for at in range(0, 10, 2)] == [
        {*order[at : at + 2]} for at in range(0, 10, 2)
    ]
    assert all(set(group) <= set(found) for group in split.again)


def _starts(batches):
    return batches.order.spans(range(batches.samples_per_epoch)).starts.tolist()


def test_shards_that_are_here_are_read_first(coming):
    split = coming(10)
    split.is_here = lambda number: number == 7
    reader = StreamedReader(split, 5)
    reader.gather(reader.locate(np.array([0, 300, 700])))
    assert split.asked == [7, 0, 3]


def test_values_are_not_announced_by_themselves(make_split, coming, make_values):
    split = coming(10)
    split._values = make_values({"loss": LOSS_INFO}, 1000, without=[2])
    reader = StreamedReader(split.stream("loss"), 5)
    located = reader.locate(np.array([920, 15, 250]))
    assert reader.gather(located)[2].tolist() == [1] * 5
    assert split.announced == []
    assert split.asked == []
