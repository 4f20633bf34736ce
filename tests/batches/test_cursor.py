"""Epochs, their ends, and changes of size in a run."""

import itertools
import json

import numpy as np
import pytest

from corpuskit.batches import Batches
from corpuskit.errors import ConfigError, ResumeError

OPTIONS = {"batch_size": 8, "block_size": 16, "output": "numpy"}


def starts(batches):
    return [row[0] for x, _ in batches for row in x.tolist()]


def test_iteration_ends_with_the_batch_that_reaches_the_epochs_end(make_split):
    batches = Batches(make_split(1000), **OPTIONS, sampler="shuffled")  # 62 windows, 8 batches of 8

    assert batches.samples_per_epoch == 62
    assert len(batches) == 8
    first, second, third = (starts(batches) for _ in range(3))
    assert len(first) == len(second) == len(third) == 64
    together = first + second + third
    assert [len(set(together[62 * e : 62 * e + 62])) for e in range(3)] == [62] * 3
    assert batches.step == 24


@pytest.mark.parametrize("sampler", ["shuffled", "sequential", "packed"])
@pytest.mark.parametrize("cut", [0, 1, 5, 8, 11])
def test_resuming_within_and_across_epochs(make_split, sampler, cut):
    split = make_split(1000, document_ends=range(7, 1001, 7), fingerprint="")
    options = {**OPTIONS, "sampler": sampler}

    def endless(batches):
        while True:
            yield from batches

    whole = list(itertools.islice(endless(Batches(split, **options)), 16))
    first = Batches(split, **options)
    before = list(itertools.islice(endless(first), cut))
    second = Batches(split, **options)
    second.load_state_dict(first.state_dict())
    after = list(itertools.islice(endless(second), 16 - cut))

    for one, other in zip(before + after, whole, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_evaluation_sees_the_same_windows_each_time(make_split):
    batches = Batches(make_split(1000), **OPTIONS, sampler="sequential", sampler_options={"tail": "pad"})
    first, second = list(batches), list(batches)

    targets = np.concatenate([y[y != -100] for _, y in first])
    assert targets.tolist() == list(range(1, 1000))
    np.testing.assert_array_equal(np.stack([x for x, _ in first]), np.stack([x for x, _ in second]))


def test_random_goes_on_where_it_stood_when_the_block_size_changes(make_split):
    first = Batches(make_split(5000), **OPTIONS)
    list(itertools.islice(first, 3))
    second = Batches(make_split(5000), **{**OPTIONS, "block_size": 32})

    second.load_state_dict(first.state_dict())

    assert second.sample == 24


def test_shuffled_keeps_epoch_and_fraction_when_the_block_size_changes(make_split):
    first = Batches(make_split(1000), **OPTIONS, sampler="shuffled")  # 62 windows an epoch
    first.seek(sample=62 * 3 + 31)
    second = Batches(make_split(1000), **{**OPTIONS, "block_size": 32}, sampler="shuffled")  # 31

    second.load_state_dict(first.state_dict())

    assert second.sample == 31 * 3 + 15


def test_other_samplers_refuse_another_block_size(make_split):
    state = Batches(make_split(1000), **OPTIONS, sampler="sequential").state_dict()

    with pytest.raises(ResumeError, match="saved with block_size 16, these batches have 8"):
        Batches(make_split(1000), **{**OPTIONS, "block_size": 8}, sampler="sequential").load_state_dict(state)


def test_a_state_with_impossible_sizes_is_refused(make_split):
    batches = Batches(make_split(1000), **OPTIONS)

    with pytest.raises(ResumeError, match="damaged state: batch_size is 0"):
        batches.load_state_dict({**batches.state_dict(), "batch_size": 0})


def test_seek_goes_to_a_step_a_sample_or_an_epoch(make_split):
    batches = Batches(make_split(1000), **OPTIONS, sampler="shuffled")
    batches.seek(step=3)
    np.testing.assert_array_equal(next(iter(batches))[0], batches[3][0])
    batches.seek(epoch=2)
    assert batches.sample == 124
    batches.seek(sample=5)
    assert batches.state_dict()["sample"] == 5


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({}, "seek takes one of step, sample and epoch"),
        ({"step": 1, "sample": 2}, "seek takes one of"),
        ({"step": -1}, "cannot seek to step -1"),
        ({"epoch": 1}, "sampler 'random' has no epochs"),
    ],
)
def test_impossible_places_are_refused(make_split, place, message):
    with pytest.raises(ConfigError, match=message):
        Batches(make_split(1000), **OPTIONS).seek(**place)


def take(batches, count):
    return list(itertools.islice(batches, count))


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 7, 19])
@pytest.mark.fault("R5")
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(make_split, cut, assert_same_batches):
    whole = take(Batches(make_split(5000), **OPTIONS), 20)
    first = Batches(make_split(5000), **OPTIONS)
    before = take(first, cut)

    second = Batches(make_split(5000), **OPTIONS)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))

    assert_same_batches(before + take(second, 20 - cut), whole)


def test_the_batch_size_may_change_in_a_run(make_split):
    first = Batches(make_split(5000), **OPTIONS)
    take(first, 3)
    second = Batches(make_split(5000), **{**OPTIONS, "batch_size": 6})
    second.load_state_dict(first.state_dict())

    resumed = np.concatenate([x for x, _ in take(second, 4)])

    whole = np.concatenate([x for x, _ in take(Batches(make_split(5000), **OPTIONS), 6)])
    np.testing.assert_array_equal(resumed, whole[24:])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "saved with seed 1, these batches have 0"),
        ({"sampler_options": {"a": 1}}, "sampler_options"),
        ({"corpus": "0" * 64}, r"saved with corpus '0+\.\.\., these batches have 'f+\.\.\.;"),
        ({"split": "valid"}, "saved with split 'valid', these batches have 'train'"),
        ({"sampler": "shuffled"}, "saved with sampler 'shuffled', these batches have 'random'"),
        ({"version": 99}, "state version 99 is newer than 1; upgrade corpuskit"),
        ({"version": None}, "it has no version number"),
        ({"sample": -1}, "damaged state: sample is -1"),
        ({"sample": True}, "damaged state: sample is True"),
        ({"last_rows": "beef"}, "gives another order"),
        ({"sample": 16}, "gives another order"),
    ],
)
@pytest.mark.fault("M7", "R6")
def test_a_state_of_something_else_is_refused_and_says_what_differs(make_split, change, message):
    batches = Batches(make_split(5000), **OPTIONS)
    take(batches, 3)
    state = {**batches.state_dict(), **change}

    with pytest.raises(ResumeError, match=message):
        Batches(make_split(5000), **OPTIONS).load_state_dict(state)


def test_a_state_without_a_field_is_refused(make_split):
    batches = Batches(make_split(5000), **OPTIONS)
    for field in ("sampler", "seed", "corpus", "split", "block_size", "sample", "version", "last_rows"):
        state = batches.state_dict()
        del state[field]
        with pytest.raises(ResumeError):
            batches.load_state_dict(state)
    with pytest.raises(ResumeError, match="not a state"):
        batches.load_state_dict(None)


def test_a_run_goes_on_with_other_streams_and_another_mask(wide_batches, assert_same_batches):
    saved = wide_batches(has_values=True, sampler="shuffled", output="numpy", streams=["loss", "row"])
    list(itertools.islice(saved, 3))
    state = saved.state_dict()
    resumed = wide_batches(has_values=True, sampler="shuffled", output="numpy", loss=False, streams=["part"])
    resumed.load_state_dict(json.loads(json.dumps(state)))
    x, y, values = next(iter(resumed))
    expected = wide_batches(has_values=True, sampler="shuffled", output="numpy", streams=["part"])[3]
    assert_same_batches([(x, values)], [(expected[0], expected[2])])
    assert (y >= 0).all()
