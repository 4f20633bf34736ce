import itertools
import json
import pickle

import pytest

from corpuskit.batches import Batches

OPTIONS = {"batch_size": 8, "block_size": 16, "output": "numpy"}


def take(batches, count):
    return list(itertools.islice(batches, count))


def test_random_access_and_iteration_agree(make_split, assert_same_batches):
    batches = Batches(make_split(5000), **OPTIONS)
    iterated = take(batches, 300)

    fresh = Batches(make_split(5000), **OPTIONS)
    for step in (299, 0, 150, 151, 152, 7, 299):
        assert_same_batches([fresh[step]], [iterated[step]])


def test_state_is_small_json_without_a_rank(make_split):
    states = [Batches(make_split(5000), **OPTIONS, rank=rank, world_size=2).state_dict() for rank in range(2)]

    assert states[0] == states[1]
    assert len(json.dumps(states[0])) < 500


def test_steps_are_not_negative_and_not_slices(make_split):
    batches = Batches(make_split(1000), **OPTIONS)
    with pytest.raises(IndexError, match="step -1: steps count from 0"):
        batches[-1]
    with pytest.raises(TypeError, match="a step is an integer, not slice"):
        batches[0:2]


def test_a_sampler_without_epochs_has_no_length(make_split):
    with pytest.raises(TypeError, match="sampler 'random' have no length"):
        len(Batches(make_split(1000), **OPTIONS))


def test_batches_survive_pickling_with_their_place(make_split, assert_same_batches):
    batches = Batches(make_split(5000), **OPTIONS)
    take(batches, 3)

    assert_same_batches(take(pickle.loads(pickle.dumps(batches)), 3), take(batches, 3))
