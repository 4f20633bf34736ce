"""Batches of selected documents, compared with those of a split that holds these documents and no others.

Ids are positions in the whole stream, so a target is the right one exactly where it is x + 1.
"""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corpuskit.batches import Batches
from corpuskit.batches.segments import IGNORED
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.selection import Selection

SAMPLERS = [
    ("random", {}),
    ("shard_shuffled", {"group_tokens": 60}),
    ("shuffled", {}),
    ("sequential", {"tail": "drop"}),
    ("sequential", {"tail": "pad"}),
    ("packed", {}),
    ("packed", {"documents": "whole", "too_long": "truncate"}),
    ("packed", {"documents": "whole", "too_long": "drop"}),
]


def selected(numbers, split="f" * 64, num_documents=100):
    return Selection(numbers, split=split, num_documents=num_documents)


def alone(split, split_of, numbers):
    """A split of the selected documents and nothing else."""
    bounds = [0, *split.document_ends().tolist()]
    documents = [split.tokens[bounds[number] : bounds[number + 1]] for number in numbers]
    ends = np.cumsum([len(document) for document in documents])
    tokens = np.concatenate(documents)
    shards = np.histogram(tokens, [*split.shard_starts[:-1], split.num_tokens + 1])[0]
    return split_of(tokens, document_ends=ends, fingerprint="", shard_sizes=shards[shards > 0])


def with_gaps_ignored(batch):
    """What a batch of those documents alone becomes: a target that is not x's successor is not asked for."""
    x, y, *rest = batch
    return x, np.where(y == x + 1, y, IGNORED), *rest


@st.composite
def cases(draw):
    sizes = draw(st.lists(st.integers(0, 12), min_size=1, max_size=25))
    numbers = sorted(draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1)))
    return sizes, numbers, draw(st.integers(1, 9)), draw(st.integers(1, 3)), draw(st.integers(0, 9))


@pytest.mark.parametrize(("sampler", "sampler_options"), SAMPLERS)
@pytest.mark.parametrize("documents", [False, True, "mask"])
@given(case=cases())
@settings(max_examples=40, deadline=None)
def test_they_are_those_of_the_documents_alone(
    make_split, split_of, sampler, sampler_options, documents, case
):
    sizes, numbers, block_size, batch_size, seed = case
    total = sum(sizes)
    assume(total > block_size)
    shards = [total // 3, total - total // 3]
    split = make_split(total, document_ends=np.cumsum(sizes), shard_sizes=shards, fingerprint="")
    options = {
        "block_size": block_size,
        "batch_size": batch_size,
        "seed": seed,
        "sampler": sampler,
        "sampler_options": sampler_options,
        "documents": documents,
        "output": "numpy",
    }
    try:
        expected = Batches(alone(split, split_of, numbers), **options)
    except ConfigError:
        with pytest.raises(ConfigError):
            Batches(split, selection=selected(numbers, "", len(sizes)), **options)
        return

    found = Batches(split, selection=selected(numbers, "", len(sizes)), **options)

    assert found.samples_per_epoch == expected.samples_per_epoch
    for step in range(6):
        one, other = found[step], with_gaps_ignored(expected[step])
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
        if documents:
            np.testing.assert_array_equal(one[2].cu_seqlens, other[2].cu_seqlens)


@pytest.fixture
def split(make_split):
    return make_split(1000, document_ends=range(10, 1001, 10), shard_sizes=[333, 667])


#: Documents 10 tokens long: two runs of several, and some alone.
NUMBERS = [0, 3, 4, 5, 20, 40, 41, 42, 43, 60, 80, 81, 98, 99]
OPTIONS = {"batch_size": 4, "block_size": 16, "seed": 7, "output": "numpy", "sampler": "shuffled"}


def batches_of(split, numbers=NUMBERS, **options):
    return Batches(split, selection=selected(numbers), **{**OPTIONS, **options})


def test_ranks_workers_and_devices_make_the_same_rows(split):
    torch = pytest.importorskip("torch")
    expected = [batches_of(split)[step] for step in range(5)]
    resident = batches_of(split, output="torch", device="cpu", resident=True)
    copied = batches_of(split, output="torch")
    ranks = [batches_of(split, rank=rank, world_size=2) for rank in range(2)]
    loader = torch.utils.data.DataLoader(copied.iterable(), batch_size=None, num_workers=2)
    workers = iter(loader)
    items = copied.dataset()
    for step, (x, y) in enumerate(expected[:2]):
        for one in (resident[step], copied[step], next(workers)):
            np.testing.assert_array_equal(one[0].numpy(), x)
            np.testing.assert_array_equal(one[1].numpy(), y)
        for column, whole in enumerate((x, y)):
            np.testing.assert_array_equal(np.concatenate([rank[step][column] for rank in ranks]), whole)
        for row in range(4):
            np.testing.assert_array_equal(items[4 * step + row][1].numpy(), y[row])
    again = pickle.loads(pickle.dumps(copied))
    np.testing.assert_array_equal(again[3][0].numpy(), expected[3][0])
    assert (expected[0][1] == IGNORED).any()


def test_a_trace_shows_the_selected_documents_and_the_raw_targets(split):
    from corpuskit.batches.trace import trace

    batches = batches_of(split)
    x, y = batches[0]
    for row, (ids, targets) in zip(batches.trace(0).rows, zip(x, y, strict=True), strict=True):
        assert {piece.document for piece in row.pieces} <= set(NUMBERS)
        assert [at for piece in row.pieces for at in range(piece.start, piece.stop)] == ids.tolist()
        np.testing.assert_array_equal(row.y, targets)
    for row in trace(batches.order, range(4), targets=True).rows:
        np.testing.assert_array_equal(row.ids, row.x + 1)


def test_a_run_goes_on_and_another_selection_is_refused(split):
    batches = batches_of(split)
    batches.seek(step=2)
    state = json.loads(json.dumps(batches.state_dict()))
    again = batches_of(split)
    again.load_state_dict(state)
    np.testing.assert_array_equal(next(iter(again))[0], batches[2][0])
    for other in (batches_of(split, NUMBERS[1:]), Batches(split, **OPTIONS)):
        with pytest.raises(ResumeError, match="the state was saved with selection"):
            other.load_state_dict(state)
    with pytest.raises(ResumeError, match="the state was saved with selection ''"):
        batches.load_state_dict(Batches(split, **OPTIONS).state_dict())


def test_a_resizable_order_goes_on_with_another_block_size(split):
    batches = batches_of(split)
    batches.seek(step=1)
    wider = batches_of(split, block_size=24)
    wider.load_state_dict(batches.state_dict())
    assert wider.sample > 0


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (selected([1], "0" * 64), "the selection is of another split or corpus than split 'train'"),
        (selected([]), "the selection has none of the 100 documents of split 'train'"),
        (
            selected([5], num_documents=10**6),
            "the selection is of 1,000,000 documents, and split 'train' has 100; select from",
        ),
        ([1, 2, 3], "must be a selection of documents"),
        (selected([7]), "the selection of split 'train' has 10 tokens, a window of block_size 16 needs 17"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(split, selection, message):
    with pytest.raises(ConfigError, match=message):
        Batches(split, selection=selection, **OPTIONS)


def test_documents_that_are_too_long_are_named_by_their_numbers_in_the_split(make_split):
    split = make_split(100, document_ends=[5, 40, 45, 95, 100])
    options = {**OPTIONS, "sampler": "packed", "sampler_options": {"documents": "whole"}}
    with pytest.raises(ConfigError, match="1 of 3 documents are too long .* document 3, the longest, has 50"):
        Batches(split, selection=selected([0, 3, 4], num_documents=5), **options)


@given(case=cases(), data=st.data())
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize(("sampler", "sampler_options"), SAMPLERS[2:])
def test_rows_without_targets_are_those_whose_selected_targets_are_all_untrained(
    with_loss, sampler, sampler_options, case, data
):
    sizes, numbers, block_size, _, seed = case
    total = sum(sizes)
    loss = np.array(data.draw(st.lists(st.integers(0, 1), min_size=total, max_size=total)), np.uint8)
    split = with_loss(loss, document_ends=np.cumsum(sizes), fingerprint="")
    options = {
        "block_size": block_size,
        "batch_size": 1,
        "seed": seed,
        "sampler": sampler,
        "output": "numpy",
    }
    if sampler == "shuffled":  # at one phase, so that the windows can be compared
        assume((sum(sizes[n] for n in numbers) - 1) % block_size == 0)
    asked = {**sampler_options, "skip_untrained": True}
    selection = selected(numbers, "", len(sizes))
    try:
        every = Batches(split, selection=selection, sampler_options=sampler_options, loss=False, **options)
    except ConfigError:
        return
    rows = [
        (x[0].tolist(), [target if learned(loss, target) else IGNORED for target in y[0]]) for x, y in every
    ]
    trained = [row for row in rows if set(row[1]) != {IGNORED}]
    if not trained:
        with pytest.raises(ConfigError, match="none of the .* rows has a target"):
            Batches(split, selection=selection, sampler_options=asked, **options)
        return
    found = Batches(split, selection=selection, sampler_options=asked, **options)
    for _ in range(2):
        assert sorted((x[0].tolist(), y[0].tolist()) for x, y in found) == sorted(trained)
    assert found.rows_without_targets == 0
    skipped = len(rows) - len(trained)
    assert found.counted == {
        "train": {**every.counted["train"], **({"rows_skipped": skipped} if skipped else {})}
    }


def learned(loss, target):
    return target != IGNORED and loss[target] == 1


@pytest.mark.parametrize("output", ["numpy", "resident"])
def test_values_of_targets_that_were_not_selected_are_the_fill(with_loss, output):
    loss = np.arange(1000).astype(np.uint8) % 3 != 0
    split = with_loss(loss.astype(np.uint8), document_ends=range(10, 1001, 10))
    how = {"output": "torch", "device": "cpu", "resident": True} if output == "resident" else {}
    batches = batches_of(split, streams=("loss",), **how)
    plain = batches_of(split, loss=False)
    for step in range(5):
        _, y, values = batches[step]
        _, raw = plain[step]
        expected = np.where(raw == IGNORED, 1, split.loss[np.maximum(raw, 0)])
        np.testing.assert_array_equal(np.asarray(values["loss"]), expected)
        np.testing.assert_array_equal(
            np.asarray(y), np.where((raw != IGNORED) & (expected == 1), raw, IGNORED)
        )
        assert (raw == IGNORED).any()


def test_rows_of_shuffled_shards_are_in_the_shards_that_are_upcoming(make_split):
    split = make_split(1000, document_ends=range(10, 1001, 10), shard_sizes=[95] * 10 + [50])
    batches = batches_of(split, sampler="shard_shuffled", sampler_options={"group_tokens": 40}, block_size=7)

    def shards(places):
        return set((np.searchsorted(split.shard_starts, places, side="right") - 1).tolist())

    order = batches.order
    for sample in range(3 * batches.samples_per_epoch):
        now, then = order.sampler.upcoming(sample)
        assert shards(order.spans([sample]).starts[:1]) <= shards(now)
        assert len(shards(now)) == len(now)
        assert len(shards(then)) == len(then)
