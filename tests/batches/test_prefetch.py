import itertools
import threading

import numpy as np
import pytest

from corpuskit.batches import Batches
from corpuskit.batches.prefetch import Prefetcher
from corpuskit.errors import ConfigError

OPTIONS = {"batch_size": 8, "block_size": 16, "output": "numpy"}


def prefetch_threads():
    return [thread for thread in threading.enumerate() if thread.name == "corpuskit-prefetch"]


@pytest.mark.parametrize("depth", [1, 2, 7])
@pytest.mark.parametrize("sampler", ["random", "shuffled"])
def test_prefetched_batches_are_the_same(make_split, depth, sampler):
    plain = Batches(make_split(1000), **OPTIONS, sampler=sampler)
    ahead = Batches(make_split(1000), **OPTIONS, sampler=sampler, prefetch=depth)

    for one, other in zip(itertools.islice(plain, 20), itertools.islice(ahead, 20), strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_state_counts_what_was_given_and_not_what_was_made(make_split):
    batches = Batches(make_split(1000), **OPTIONS, prefetch=4)
    iterator = iter(batches)
    for _ in range(3):
        next(iterator)

    assert batches.state_dict()["sample"] == 24
    iterator.close()


def test_leaving_a_loop_stops_the_thread(make_split):
    for _ in Batches(make_split(1000), **OPTIONS, prefetch=2):
        break

    assert not prefetch_threads()


def test_an_error_of_the_thread_reaches_the_caller():
    def make(sample):
        if sample == 2:
            raise OSError("the disk is gone")
        return sample

    prefetcher = Prefetcher(make, 0, after=lambda sample: sample + 1, depth=4, end=None)
    assert [prefetcher.get(), prefetcher.get()] == [0, 1]
    with pytest.raises(OSError, match="the disk is gone"):
        prefetcher.get()
    prefetcher.close()


def test_moving_while_iterating_is_noticed(make_split):
    batches = Batches(make_split(1000), **OPTIONS, prefetch=2)
    iterator = iter(batches)
    next(iterator)
    batches.seek(step=7)

    np.testing.assert_array_equal(next(iterator)[0], batches[7][0])
    np.testing.assert_array_equal(next(iterator)[0], batches[8][0])
    iterator.close()


def test_a_negative_depth_is_refused(make_split):
    with pytest.raises(ConfigError, match="prefetch = -1: must be a whole number, 0 or more"):
        Batches(make_split(1000), **OPTIONS, prefetch=-1)
