"""Batches through torch's DataLoader: the same ones in the same order, whatever the workers."""

import copy
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from corpuskit.batches import Batches
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.value_streams import LOSS_INFO

OPTIONS = {"batch_size": 8, "block_size": 16, "sampler": "shuffled"}

# Torch warns where a machine has fewer cores than a test has workers.
few_cores = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")


def take(batches, count):
    return list(itertools.islice(batches, count))


def epochs_of(batches, count):
    """What loops over batches give, one after another: each goes on where the one before it ended."""
    return [list(batches) for _ in range(count)]


@few_cores
@pytest.mark.parametrize(
    ("workers", "context", "persistent"),
    [(0, None, False), (2, "fork", False), (4, "fork", False), (2, "fork", True), (2, "spawn", True)],
)
def test_loops_are_epochs_in_order_whatever_the_workers(
    make_split, workers, context, persistent, assert_same_batches
):
    loader = DataLoader(
        Batches(make_split(1000), **OPTIONS).iterable(),
        batch_size=None,
        num_workers=workers,
        multiprocessing_context=context,
        persistent_workers=persistent,
    )

    for expected in epochs_of(Batches(make_split(1000), **OPTIONS), 3):
        assert_same_batches(list(loader), expected)
    loader.dataset.set_epoch(1)
    for expected in epochs_of(Batches(make_split(1000), **OPTIONS), 3)[1:]:
        assert_same_batches(list(loader), expected)


@few_cores
@pytest.mark.parametrize(("workers", "persistent"), [(0, False), (2, False), (3, True)])
def test_what_is_left_of_a_loop_that_is_broken_off_is_left_out(
    make_split, workers, persistent, assert_same_batches
):
    epochs = epochs_of(Batches(make_split(1000), **OPTIONS), 5)
    loader = DataLoader(
        Batches(make_split(1000), **OPTIONS).iterable(),
        batch_size=None,
        num_workers=workers,
        persistent_workers=persistent,
    )

    for epoch, taken in enumerate([1, len(epochs[1]), 3]):
        assert_same_batches(take(loader, taken), epochs[epoch][:taken])
    assert_same_batches(list(loader), epochs[3])
    loader.dataset.set_epoch(2)
    assert_same_batches(take(loader, 2), epochs[2][:2])


@few_cores
def test_loops_that_draw_the_same_seed_are_still_told_apart(make_split, assert_same_batches):
    loader = DataLoader(Batches(make_split(1000), **OPTIONS).iterable(), batch_size=None, num_workers=2)

    for expected in epochs_of(Batches(make_split(1000), **OPTIONS), 3):
        torch.manual_seed(5)
        assert_same_batches(list(loader), expected)


@few_cores
def test_two_loops_at_once_are_two_epochs(make_split, assert_same_batches):
    loader = DataLoader(Batches(make_split(1000), **OPTIONS).iterable(), batch_size=None, num_workers=2)

    pairs = list(zip(loader, loader, strict=False))

    for number, expected in enumerate(epochs_of(Batches(make_split(1000), **OPTIONS), 2)):
        found = [pair[number] for pair in pairs]
        assert_same_batches(found, expected[: len(found)])


@settings(deadline=None)
@given(
    num_tokens=st.integers(20, 400),
    batch_size=st.integers(1, 12),
    step=st.integers(0, 40),
    epoch=st.integers(0, 5),
)
def test_any_epoch_is_the_loop_over_batches_of_that_number(make_split, num_tokens, batch_size, step, epoch):
    options = {"batch_size": batch_size, "block_size": 16, "sampler": "shuffled"}
    batches = Batches(make_split(num_tokens), **options)
    batches.seek(step=step)
    dataset = batches.iterable()

    dataset.set_epoch(epoch)
    found = [batch[0].tolist() for _ in range(2) for batch in dataset]

    loops = epochs_of(batches, epoch + 2)[epoch:]
    assert found == [x.tolist() for loop in loops for x, _ in loop]
    assert all(len(loop) <= len(dataset) for loop in loops)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_length_is_the_batches_of_an_epoch(make_split, workers):
    batches = Batches(make_split(1000), **OPTIONS)
    loader = DataLoader(batches.iterable(), batch_size=None, num_workers=workers)

    assert len(loader) == len(batches.iterable()) == len(batches) == len(list(loader))


def test_a_sampler_without_epochs_has_no_length_and_begins_again_with_a_warning(
    make_split, assert_same_batches
):
    batches = Batches(make_split(1000), batch_size=8, block_size=16)
    dataset = batches.iterable()

    with pytest.raises(TypeError, match="have no length"):
        len(dataset)
    with pytest.raises(ConfigError, match="sampler 'random' has no epochs; take one that has"):
        dataset.set_epoch(1)
    dataset.set_epoch(0)
    first = take(dataset, 3)
    with pytest.warns(
        UserWarning, match="this loop begins where the one before it did: sampler 'random' has no epochs"
    ):
        assert_same_batches(take(dataset, 3), first)


def test_items_of_an_epoch_follow_those_of_the_one_before(make_split):
    batches = Batches(make_split(1000), **OPTIONS)
    batches.seek(step=2)
    dataset = batches.dataset(num_samples=10)
    longer = batches.dataset(num_samples=30)

    for epoch in (1, 0, 2):
        dataset.set_epoch(epoch)
        assert [item[0].tolist() for item in dataset] == [
            longer[10 * epoch + index][0].tolist() for index in range(10)
        ]
    for wrong in (-1, True, 2**62):
        with pytest.raises(ConfigError, match="epoch"):
            dataset.set_epoch(wrong)


def test_workers_that_live_on_hear_of_the_epoch(make_split):
    batches = Batches(make_split(1000), **OPTIONS)
    loader = DataLoader(batches.dataset(num_samples=16), batch_size=8, num_workers=1, persistent_workers=True)

    for epoch in range(3):
        loader.dataset.set_epoch(epoch)
        assert torch.equal(next(iter(loader))[0], batches[2 * epoch][0])


@pytest.mark.fault("R5")
def test_a_states_epoch_is_followed_by_the_next_one(make_split, assert_same_batches):
    batches = Batches(make_split(1000), **OPTIONS)
    batches.seek(sample=3)
    epochs = epochs_of(copy.copy(batches), 4)
    dataset = batches.iterable()
    dataset.set_epoch(1)
    iterator = iter(dataset)
    before = [next(iterator) for _ in range(3)]
    state = pickle.loads(pickle.dumps(dataset.state_dict()))

    resumed = Batches(make_split(1000), **OPTIONS).iterable()
    resumed.load_state_dict(state)

    assert resumed.state_dict() == state
    assert_same_batches(before + list(resumed), epochs[1])
    assert_same_batches(list(resumed), epochs[2])
    assert_same_batches(list(resumed), epochs[3])


def test_an_epoch_that_is_said_of_a_loaded_state_is_that_one(make_split, assert_same_batches):
    """Trainers say the epoch that they go on with: the place in it stays, and another one begins anew."""
    batches = Batches(make_split(1000), **OPTIONS)
    epochs = epochs_of(copy.copy(batches), 3)
    dataset = batches.iterable()
    dataset.set_epoch(1)
    take(dataset, 2)
    state = dataset.state_dict()

    for epoch, expected in ((1, epochs[1][2:]), (2, epochs[2])):
        resumed = batches.iterable()
        resumed.load_state_dict(state)
        resumed.set_epoch(epoch)
        assert_same_batches(list(resumed), expected)


def test_a_state_of_batches_of_another_size_is_refused(make_split):
    state = Batches(make_split(1000), **OPTIONS).iterable().state_dict()
    other = Batches(make_split(1000), **{**OPTIONS, "batch_size": 4}).iterable()

    with pytest.raises(ResumeError, match="saved with batch_size 8, there are 4; use as many"):
        other.load_state_dict(state)


@few_cores
@pytest.mark.parametrize("workers", [0, 2, 4])
def test_map_style_items_come_in_order_from_any_workers(make_split, workers, assert_same_batches):
    batches = Batches(make_split(1000), **OPTIONS)

    loaded = list(DataLoader(batches.dataset(), batch_size=8, num_workers=workers))

    assert_same_batches(loaded[:7], [batches[step] for step in range(7)])
    assert len(loaded[7][0]) == 62 - 56


def test_a_dataset_begins_where_the_batches_are(make_split):
    batches = Batches(make_split(1000), **OPTIONS)
    batches.seek(step=2)

    assert torch.equal(batches.dataset()[0][0], batches[2][0][0])
    assert torch.equal(next(iter(batches.iterable()))[0], batches[2][0])


def test_map_style_items_have_documents(make_split):
    split = make_split(100, document_ends=[10, 13, 100])
    options = {"batch_size": 1, "block_size": 99, "sampler": "sequential", "documents": "mask"}

    x, y, ids, positions = Batches(split, **options).dataset()[0]

    assert x.shape == y.shape == ids.shape == positions.shape == (99,)
    assert ids.tolist() == [0] * 10 + [1] * 3 + [2] * 86
    assert positions.tolist() == [*range(10), *range(3), *range(86)]
    assert np.flatnonzero(y == -100).tolist() == [9, 12]


def test_pickled_datasets_carry_no_tokens(make_split):
    class PathOnly(type(make_split(2))):
        def __reduce__(self):
            return make_split, (100_000,)

    split = PathOnly(np.arange(100_000).astype(np.uint16))
    batches = Batches(split, batch_size=4, block_size=16)
    batches[0]

    begun = batches.iterable()
    next(iter(begun))

    for thing in (batches, batches.dataset(), batches.iterable(), begun):
        data = pickle.dumps(thing)
        assert len(data) < 5000
        assert type(pickle.loads(data)) is type(thing)


@pytest.mark.fault("R5")
def test_states_of_workers_resume_each_worker(make_split, assert_same_batches):
    """What torchdata's StatefulDataLoader does with a dataset in the main process."""
    dataset = Batches(make_split(1000), **OPTIONS).iterable()
    whole = list(dataset)
    dataset.set_epoch(0)
    iterator = iter(dataset)
    before = [next(iterator) for _ in range(3)]
    state = pickle.loads(pickle.dumps(dataset.state_dict()))

    resumed = Batches(make_split(1000), **OPTIONS).iterable()
    resumed.load_state_dict(state)

    assert_same_batches(before + list(resumed), whole)
    with pytest.raises(ResumeError, match="saved with workers 3, there are 1; use as many"):
        resumed.load_state_dict({**state, "workers": 3})


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata with a newer torch
@pytest.mark.parametrize("workers", [0, 2])
def test_stateful_data_loader_resumes_at_every_cut(make_split, workers, assert_same_batches):
    stateful = pytest.importorskip("torchdata.stateful_dataloader", reason="torchdata is not installed")

    def loader():
        dataset = Batches(make_split(1000), **OPTIONS).iterable()
        return stateful.StatefulDataLoader(dataset, batch_size=None, num_workers=workers)

    epochs = loader()
    whole, following = list(epochs), list(epochs)
    for cut in (1, 2, 5):
        first = loader()
        iterator = iter(first)
        before = [next(iterator) for _ in range(cut)]
        state = first.state_dict()
        second = loader()
        second.load_state_dict(state)
        assert_same_batches(before + list(second), whole)
        assert_same_batches(list(second), following)


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled:UserWarning")  # one process is meant
def test_distributed_checkpoints_hold_the_state(make_split, tmp_path):
    import torch.distributed.checkpoint as dcp

    saved = Batches(make_split(1000), **OPTIONS)
    saved.seek(step=5)
    dcp.save({"batches": saved}, checkpoint_id=tmp_path / "checkpoint", no_dist=True)

    loaded = Batches(make_split(1000), **OPTIONS)
    dcp.load({"batches": loaded}, checkpoint_id=tmp_path / "checkpoint", no_dist=True)

    assert loaded.step == 5


@pytest.mark.fault("R7")
def test_a_killed_worker_is_an_error_and_not_a_hang(prepared):
    """In a process of its own: torch raises from a signal handler, wherever the main thread then is.

    Which error it is depends on when the worker died: torch says so, or the pipe to it ends.
    """
    program = """
import os, signal, sys
from torch.utils.data import DataLoader
import corpuskit
batches = corpuskit.open(sys.argv[1]).batches("train", batch_size=2, block_size=8)
iterator = iter(DataLoader(batches.iterable(), batch_size=None, num_workers=2))
next(iterator)
os.kill(iterator._workers[0].pid, signal.SIGKILL)
try:
    for _ in iterator:
        pass
except (RuntimeError, OSError, EOFError):
    sys.exit(7)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, prepared("a", "bytes")], capture_output=True, text=True
    )

    assert done.returncode == 7, done.stderr


def test_the_dataset_gives_the_same_windows_through_a_loader(make_split, assert_same_batches):
    batches = Batches(make_split(5000), batch_size=8, block_size=16)
    dataset = batches.dataset(num_samples=40)

    loaded = list(DataLoader(dataset, batch_size=8))

    assert len(dataset) == 40
    assert_same_batches(loaded, take(batches, 5))
    x, _ = dataset[-1]
    np.testing.assert_array_equal(x, loaded[-1][0][-1])
    with pytest.raises(IndexError, match="of a dataset of 40"):
        dataset[40]


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_the_dataset_works_in_worker_processes(make_split, start_method, assert_same_batches):
    batches = Batches(make_split(5000), batch_size=8, block_size=16)
    loader = DataLoader(
        batches.dataset(num_samples=40), batch_size=8, num_workers=2, multiprocessing_context=start_method
    )

    assert_same_batches(list(loader), take(batches, 5))


quiet = pytest.mark.filterwarnings("ignore:step .* has a row without a single target")


@few_cores
@quiet
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("documents", [False, True])
def test_items_and_batches_carry_values(wide_batches, workers, documents, assert_same_batches):
    streams = ["loss", "part", "row", "weight"]
    options = {"has_values": True, "streams": streams, "sampler": "shuffled", "documents": documents}
    batches = wide_batches(**options)

    loaded = list(DataLoader(batches.dataset(num_samples=32), batch_size=8, num_workers=workers))
    iterated = list(itertools.islice(DataLoader(batches.iterable(), batch_size=None, num_workers=workers), 4))

    expected = [batches[step] for step in range(4)]
    ends = [(*batch[:2], batch[-1]) for batch in expected]
    assert_same_batches([(*batch[:2], batch[-1]) for batch in loaded], ends)
    assert_same_batches([(*batch[:2], batch[-1]) for batch in iterated], ends)
    assert {len(batch) for batch in loaded} == {5 if documents else 3}
    for name, values in expected[0][-1].items():
        assert loaded[0][-1][name].dtype == iterated[0][-1][name].dtype == values.dtype


@settings(deadline=None)
@given(data=st.data(), epoch=st.integers(0, 3))
@pytest.mark.parametrize("sampler", ["random", "shuffled", "packed"])
@quiet
def test_an_item_is_one_whatever_is_asked_for_before(wide_batches, sampler, data, epoch):
    batches = wide_batches(has_values=True, streams=["row"], sampler=sampler, documents="mask")
    dataset = batches.dataset(num_samples=40)
    dataset.set_epoch(epoch)
    expected = batches.dataset(num_samples=200).__getitems__([*range(40 * epoch, 40 * epoch + 40)])
    runs = st.tuples(st.integers(0, 39), st.integers(1, 20)).map(lambda run: range(run[0], min(40, sum(run))))
    for index in (i for run in data.draw(st.lists(runs, max_size=6)) for i in run):
        found = dataset[index - 40 if index % 3 == 0 else index]
        assert all(torch.equal(*pair) for pair in zip(found[:4], expected[index][:4], strict=True))
        assert torch.equal(found[4]["row"], expected[index][4]["row"])


def models_labels(x, y):
    """What a model of transformers must be given, place by place: it compares place t with labels[t + 1]."""
    labels = [-100] * len(x)
    for place, target in enumerate(y[:-1]):
        labels[place + 1] = target
    return labels


@quiet
@pytest.mark.parametrize("documents", [False, True, "mask"])
@pytest.mark.parametrize("sampler", ["shuffled", "packed"])
def test_columns_are_what_models_of_transformers_take(wide_batches, sampler, documents):
    batches = wide_batches(has_values=True, sampler=sampler, documents=documents)
    names = ["labels", "input_ids", *(["seq_lengths", "position_ids"] if documents else [])]
    dataset, plain = batches.dataset(num_samples=30, columns=names), batches.dataset(num_samples=30)

    for found in (dataset.__getitems__([*range(30)]), [*dataset], [dataset[index] for index in range(30)]):
        assert len(found) == 30
        for item, (x, y, *rest) in zip(found, plain, strict=True):
            assert [*item] == names
            assert {item[name].dtype for name in names if name != "seq_lengths"} == {torch.int64}
            assert torch.equal(item["input_ids"], x)
            assert item["labels"].tolist() == models_labels(x.tolist(), y.tolist())
            if documents:
                assert item["position_ids"].tolist() == rest[1].tolist()
                counted = [place for length in item["seq_lengths"] for place in range(length)]
                assert item["position_ids"].tolist() == counted
    batch = next(iter(DataLoader(batches.dataset(columns=("input_ids", "labels")), batch_size=8)))
    assert torch.equal(batch["input_ids"], batches[0][0])
    assert torch.equal(batch["labels"][:, 1:], batches[0][1][:, :-1])


@pytest.mark.parametrize("columns", [("ids",), "input_ids", ("labels", "labels"), (1,), 3])
def test_a_column_that_there_is_not_is_refused(make_split, columns):
    with pytest.raises(ConfigError, match="columns = .*: must be different names of input_ids, labels, po"):
        Batches(make_split(1000), **OPTIONS).dataset(columns=columns)


@pytest.mark.parametrize("column", ["position_ids", "seq_lengths"])
def test_columns_of_documents_need_documents(make_split, column):
    with pytest.raises(
        ConfigError, match=f"'{column}' is of documents; make the batches with documents='mask'"
    ):
        Batches(make_split(1000), **OPTIONS).dataset(columns=("input_ids", column))


def test_a_dataset_tells_of_rows_without_a_target(make_split):
    split = make_split(100, values={"loss": (LOSS_INFO, np.zeros(100), set())})
    dataset = Batches(split, **OPTIONS).dataset()
    with pytest.warns(UserWarning, match="has a row without a single target"):
        assert (dataset[0][1] == -100).all()


def test_a_dataset_is_not_longer_than_samples_can_be_counted(make_split):
    batches = Batches(make_split(1000), batch_size=8, block_size=16, sampler="shuffled")
    assert len(batches.dataset(num_samples=2**62)) == 2**62
    with pytest.raises(ConfigError, match=r"num_samples = \d+: samples count from 0 to 2\*\*62"):
        batches.dataset(num_samples=2**62 + 1)


SCHEDULE = {"batch_size": [(0, 4), (6, 8)], "block_size": [(0, 8), (10, 32), (14, 16)], "sampler": "shuffled"}


@few_cores
@pytest.mark.parametrize(("workers", "persistent"), [(0, False), (2, False), (3, True)])
def test_a_schedule_is_the_same_whatever_the_workers(make_split, workers, persistent, assert_same_batches):
    loader = DataLoader(
        Batches(make_split(1000), **SCHEDULE).iterable(),
        batch_size=None,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        persistent_workers=persistent,
    )
    for expected in epochs_of(Batches(make_split(1000), **SCHEDULE), 3):
        assert_same_batches(list(loader), expected)
    loader.dataset.set_epoch(1)
    for expected in epochs_of(Batches(make_split(1000), **SCHEDULE), 3)[1:]:
        assert_same_batches(list(loader), expected)


def test_an_iterable_with_a_schedule_goes_on_from_its_state(make_split, assert_same_batches):
    whole = take(Batches(make_split(1000), **SCHEDULE), 17)
    for cut in (0, 5, 6, 10, 12, 16):
        one = Batches(make_split(1000), **SCHEDULE).iterable()
        running = iter(one)
        take(running, cut)
        other = Batches(make_split(1000), **SCHEDULE).iterable()
        other.load_state_dict(one.state_dict())
        assert_same_batches(take(other, 17 - cut), whole[cut:])
    state = one.state_dict()
    with pytest.raises(ResumeError, match=r"saved with batch_size \[\[0, 4\], \[6, 8\]\], there are 4"):
        Batches(make_split(1000), **{**SCHEDULE, "batch_size": 4}).iterable().load_state_dict(state)


def test_items_of_a_schedule_have_the_length_of_their_phase(make_split):
    batches = Batches(make_split(1000), **SCHEDULE)
    dataset = batches.dataset()
    assert len(dataset) == batches.samples_per_epoch
    rows = [row for x, _ in batches for row in x][: len(dataset)]
    assert [x.tolist() for x, _ in dataset] == [row.tolist() for row in rows]
    mixed = [60, 3, 55, 56, 70, 0]  # rows of 32, 8, 8, 32, 32 and 8 tokens
    found = dataset.__getitems__(mixed)
    assert [x.tolist() for x, _ in found] == [rows[index].tolist() for index in mixed]
    assert [len(dataset[index][0]) for index in mixed] == [32, 8, 8, 32, 32, 8]
