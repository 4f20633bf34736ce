import itertools
import json
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from corpuskit.batches import Batches, tensors
from corpuskit.errors import ConfigError, ResumeError

OPTIONS = {"batch_size": 8, "block_size": 16, "output": "numpy"}


def take(batches, count):
    return list(itertools.islice(batches, count))


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for array, wanted in zip(one, other, strict=True):
            np.testing.assert_array_equal(array, wanted)


def test_a_batch_is_windows_of_the_stream(make_split):
    x, y = Batches(make_split(1000), **OPTIONS)[5]

    assert x.shape == y.shape == (8, 16)
    assert x.dtype == y.dtype == np.int64
    np.testing.assert_array_equal(x, x[:, :1] + np.arange(16))
    np.testing.assert_array_equal(y, x + 1)


def test_torch_output_is_contiguous_int64_and_gives_no_warning(make_split):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x, y = Batches(make_split(1000), batch_size=8, block_size=16)[0]

    assert x.dtype == y.dtype == torch.int64
    assert x.is_contiguous()
    assert y.is_contiguous()
    x.add_(1)  # the caller's own memory
    np.testing.assert_array_equal(x, y)


def test_numpy_output_imports_no_torch():
    program = """
import sys, numpy as np
from corpuskit.batches import Batches
from corpuskit.batches.stream import TokenStream
class Split(TokenStream):
    name, num_tokens, dtype, fingerprint = "train", 100, np.dtype("<u2"), "f"
    shard_starts = np.array([0, 100])
    def shard(self, number): return np.arange(100, dtype=np.uint16)
    def document_ends(self): return np.array([100])
print(Batches(Split(), batch_size=2, block_size=4, output="numpy")[0][0].shape, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "(2, 4) False\n"


def test_random_access_and_iteration_agree(make_split):
    batches = Batches(make_split(5000), **OPTIONS)
    iterated = take(batches, 300)

    fresh = Batches(make_split(5000), **OPTIONS)
    for step in (299, 0, 150, 151, 152, 7, 299):
        assert_same([fresh[step]], [iterated[step]])


@pytest.mark.parametrize("world_size", [1, 2, 3, 4, 8])
@pytest.mark.fault("R5")
def test_ranks_share_each_batch_in_the_same_global_order(make_split, world_size):
    split = make_split(5000)
    options = {**OPTIONS, "batch_size": 24}
    whole = take(Batches(split, **options), 20)
    ranks = [take(Batches(split, **options, rank=r, world_size=world_size), 20) for r in range(world_size)]

    steps = zip(*ranks, strict=True)
    together = [tuple(np.concatenate(part) for part in zip(*step, strict=True)) for step in steps]
    assert_same(together, whole)


@pytest.mark.parametrize("shard_size", [1, 2, 3, 16, 17, 18, 64, 100, 999, 1000])
def test_a_batch_is_the_same_whatever_the_shard_size(make_split, shard_size):
    sizes = [min(shard_size, 1000 - at) for at in range(0, 1000, shard_size)]

    found = take(Batches(make_split(1000, shard_sizes=sizes), **OPTIONS), 5)

    assert_same(found, take(Batches(make_split(1000), **OPTIONS), 5))


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 7, 19])
@pytest.mark.fault("R5")
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(make_split, cut):
    whole = take(Batches(make_split(5000), **OPTIONS), 20)
    first = Batches(make_split(5000), **OPTIONS)
    before = take(first, cut)

    second = Batches(make_split(5000), **OPTIONS)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))

    assert_same(before + take(second, 20 - cut), whole)


def test_the_batch_size_may_change_in_a_run(make_split):
    first = Batches(make_split(5000), **OPTIONS)
    take(first, 3)
    second = Batches(make_split(5000), **{**OPTIONS, "batch_size": 6})
    second.load_state_dict(first.state_dict())

    resumed = np.concatenate([x for x, _ in take(second, 4)])

    whole = np.concatenate([x for x, _ in take(Batches(make_split(5000), **OPTIONS), 6)])
    np.testing.assert_array_equal(resumed, whole[24:])


def test_state_is_small_json_without_a_rank(make_split):
    states = [Batches(make_split(5000), **OPTIONS, rank=rank, world_size=2).state_dict() for rank in range(2)]

    assert states[0] == states[1]
    assert len(json.dumps(states[0])) < 500


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "saved with seed 1, these batches have 0"),
        ({"sampler_options": {"a": 1}}, "sampler_options"),
        ({"corpus": "0" * 64}, r"saved with corpus '0+\.\.\.', these batches have 'f+\.\.\.'"),
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block_size": 1000}, "1,000 tokens, a window of block_size 1,000 needs 1,001"),
        ({"batch_size": 0}, "batch_size = 0: must be a whole number, 1 or more"),
        ({"block_size": 2.5}, "block_size = 2.5"),
        ({"batch_size": 8, "world_size": 3}, "batch_size 8 cannot be shared by 3 ranks"),
        ({"rank": 2, "world_size": 2}, "rank = 2: must be from 0 to 1"),
        ({"output": "jax"}, "output = 'jax': must be 'torch' or 'numpy'"),
        ({"device": "cuda"}, "output 'numpy' cannot be on device 'cuda'"),
    ],
)
@pytest.mark.fault("K5")
def test_impossible_options_are_refused(make_split, options, message):
    with pytest.raises(ConfigError, match=message):
        Batches(make_split(1000), **{**OPTIONS, **options})


@pytest.mark.parametrize("device", ["warp", "", "CPU", 0, ["cpu"], "cuda:77"])
def test_an_unknown_device_is_a_config_error(make_split, device):
    with pytest.raises(ConfigError) as caught:
        Batches(make_split(1000), batch_size=2, block_size=4, device=device)[0]
    assert str(caught.value).startswith(f"device = {device!r}: ")
    assert "privateuseone" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_device_that_torch_cannot_use_here_is_a_config_error(make_split, monkeypatch):
    def refuse(*args, **named):
        raise RuntimeError("Could not run it on this backend. This could be because\nof many things")

    monkeypatch.setattr(torch, "empty", refuse)
    with pytest.raises(ConfigError, match="device = 'mps': torch cannot use it here: Could not run it"):
        Batches(make_split(1000), batch_size=2, block_size=4, device="mps")[0]


def test_a_sampler_is_a_name(make_split):
    with pytest.raises(ConfigError, match="sampler = 3: must be text, the name of one"):
        Batches(make_split(1000), sampler=3)


def test_steps_are_not_negative_and_not_slices(make_split):
    batches = Batches(make_split(1000), **OPTIONS)
    with pytest.raises(IndexError, match="step -1: steps count from 0"):
        batches[-1]
    with pytest.raises(TypeError, match="a step is an integer, not slice"):
        batches[0:2]


def test_a_sampler_without_epochs_has_no_length(make_split):
    with pytest.raises(TypeError, match="sampler 'random' have no length"):
        len(Batches(make_split(1000), **OPTIONS))


def test_batches_survive_pickling_with_their_place(make_split):
    batches = Batches(make_split(5000), **OPTIONS)
    take(batches, 3)

    assert_same(take(pickle.loads(pickle.dumps(batches)), 3), take(batches, 3))


def test_the_dataset_gives_the_same_windows_through_a_loader(make_split):
    batches = Batches(make_split(5000), batch_size=8, block_size=16)
    dataset = batches.dataset(num_samples=40)

    loaded = list(DataLoader(dataset, batch_size=8))

    assert len(dataset) == 40
    assert_same(loaded, take(batches, 5))
    x, _ = dataset[-1]
    np.testing.assert_array_equal(x, loaded[-1][0][-1])
    with pytest.raises(IndexError, match="of a dataset of 40"):
        dataset[40]


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_the_dataset_works_in_worker_processes(make_split, start_method):
    batches = Batches(make_split(5000), batch_size=8, block_size=16)
    loader = DataLoader(
        batches.dataset(num_samples=40), batch_size=8, num_workers=2, multiprocessing_context=start_method
    )

    assert_same(list(loader), take(batches, 5))


def test_the_sizes_have_the_configurations_defaults(make_split):
    batches = Batches(make_split(10_000), output="numpy")
    assert batches[0][0].shape == (64, 128)


def test_context_length_is_another_name_for_block_size(make_split):
    split = make_split(10_000)
    expected = Batches(split, batch_size=4, block_size=8, output="numpy")[5][0]
    assert (Batches(split, batch_size=4, context_length=8, output="numpy")[5][0] == expected).all()
    with pytest.raises(ConfigError, match="block_size = 16 and context_length = 8 are one option"):
        Batches(split, block_size=16, context_length=8)
    with pytest.raises(ConfigError, match="context_length = 0: must be a whole number, 1 or more"):
        Batches(split, context_length=0)


@pytest.mark.parametrize(("world_size", "rows"), [(1, 2), (2, 1), (8, 1)])
def test_debug_shrinks_to_a_few_short_windows(make_split, world_size, rows):
    batches = Batches(
        make_split(100), batch_size=512, block_size=4096, debug=True, output="numpy", world_size=world_size
    )
    assert batches[0][0].shape == (rows, 8)
    assert batches.batch_size == max(2, world_size)


def test_device_auto_is_a_gpu_where_there_is_one(make_split, monkeypatch):
    import torch

    x, _ = Batches(make_split(10_000), device="auto")[0]
    assert x.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    x, _ = Batches(make_split(10_000), device="auto", resident=True)[0]
    assert x.dtype == torch.int64
    assert isinstance(Batches(make_split(10_000), device="auto", output="numpy")[0][0], np.ndarray)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert tensors.open_device("auto").type == "mps"
