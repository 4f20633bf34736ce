from __future__ import annotations

import math
import pickle
import subprocess
import sys
from collections import defaultdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.batches.labels import Labels
from corpuskit.errors import ConfigError
from corpuskit.evaluation import BitsPerByte, Evaluation, LossBySource
from corpuskit.evaluation.loss_by_source import _sums_of_arrays, _sums_on_device

NAMES = ["web", "books", "code", None]


@st.composite
def batches(draw, most=4):
    """(losses, y, labels) of some batches, whose labels have other names or another order in each."""
    found = []
    for _ in range(draw(st.integers(1, most))):
        shape = (draw(st.integers(1, 3)), draw(st.integers(1, 5)))
        names = tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)))
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        y = np.where(rng.random(shape) < 0.3, -100, rng.integers(0, 99, shape))
        ids = rng.integers(-1, len(names), shape).astype(np.int32)
        losses = np.where(y == -100, np.nan, rng.random(shape) * 9)
        found.append((losses, y, Labels(names, ids)))
    return found


def by_hand(batches):
    sums, counts = defaultdict(float), defaultdict(int)
    for losses, y, labels in batches:
        for loss, target, number in zip(losses.ravel(), y.ravel(), labels.ids.ravel(), strict=True):
            if target != -100 and number >= 0:
                sums[labels.names[number]] += loss
                counts[labels.names[number]] += 1
    return sums, counts


def given_as(kind, losses, y, labels):
    if kind == "flat":
        return losses.ravel(), y.ravel(), labels
    if kind == "tensors":
        return torch.from_numpy(losses).requires_grad_(), torch.from_numpy(y), labels.map(torch.from_numpy)
    if kind == "losses":
        return torch.from_numpy(losses).flatten(), y, labels
    if kind == "batches":
        return losses, torch.from_numpy(y), labels.map(torch.from_numpy)
    return losses, y, labels


def assert_is(losses, batches):
    sums, counts = by_hand(batches)
    assert {name: count for name, count in losses.counts().items() if count} == dict(counts)
    assert set(losses.names) == {name for *_, labels in batches for name in labels.names}
    for name in losses.names:
        assert losses.totals()[name] == pytest.approx(sums[name], rel=1e-12)
        mean = sums[name] / counts[name] if counts[name] else math.nan
        assert losses.means()[name] == pytest.approx(mean, rel=1e-12, nan_ok=True)
    assert losses.num_added == sum(counts.values())
    assert losses.nats == pytest.approx(sum(sums.values()), rel=1e-12)


@given(made=batches(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_sums_are_those_of_a_loop_in_numpy_and_in_torch_and_sum_to_the_total(made, data):
    losses = LossBySource()
    for batch in made:
        kind = data.draw(st.sampled_from(["arrays", "flat", "tensors", "losses", "batches"]))
        losses.add(*given_as(kind, *batch))
    assert_is(losses, made)


@given(made=batches())
def test_sums_on_a_device_are_those_of_arrays(made):
    for losses, y, labels in made:
        places = np.random.default_rng(0).permutation(6)[: len(labels.names)]
        expected = _sums_of_arrays(losses, y, labels.ids, places, 6)
        tensor = torch.from_numpy(losses)
        np.testing.assert_allclose(_sums_on_device(tensor, y, labels.ids, places, 6).numpy(), expected)
        in_order = np.arange(len(labels.names))
        expected = _sums_of_arrays(losses, y, labels.ids, in_order, 6)
        np.testing.assert_allclose(_sums_on_device(tensor, y, labels.ids, in_order, 6).numpy(), expected)


@given(made=batches(), other=batches())
def test_what_two_have_added_is_merged_by_the_labels_names(made, other):
    one, two = LossBySource(), LossBySource()
    for batch in made:
        one.add(*batch)
    for batch in other:
        two.add(*given_as("tensors", *batch))
    one.merge(two)
    assert_is(one, made + other)
    assert_is(two, other)
    one.merge(LossBySource())
    assert_is(pickle.loads(pickle.dumps(one)), made + other)


def test_an_evaluation_by_label_sums_to_the_total(memory):
    class Labelled(memory):
        field_names = ("lang",)

        def document_labels(self, field):
            return ("de", "en"), np.array([0, 1, -1, 0], np.int32)

    stream = Labelled([[1, 2, 3, 4, 5], [6, 7], [], [8, 9, 10]], sizes=[5, 2, 0, 3])
    options = {"batch_size": 2, "block_size": 3, "stride": 2, "bos": 0, "output": "numpy"}
    for documents in (False, True, "packed"):
        evaluation = Evaluation(stream, documents=documents, labels="lang", **options)
        losses, bits = LossBySource(), BitsPerByte(evaluation)
        for _, y, *_, labels in evaluation:
            losses.add(np.sqrt(abs(y)), y, labels)
            bits.add(np.sqrt(abs(y)), y)
        assert losses.totals() == pytest.approx(
            {"de": sum(map(math.sqrt, [1, 2, 3, 4, 5, 8, 9, 10])), "en": math.sqrt(6) + math.sqrt(7)}
        )
        assert (losses.nats, losses.num_added) == (pytest.approx(bits.nats, rel=1e-14), bits.num_added)
        assert losses.mean_loss == pytest.approx(bits.mean_loss, rel=1e-14)


def test_it_prints_a_table():
    losses = LossBySource()
    assert str(losses).splitlines()[-1].split() == ["all", "0", "0.0%", "nan"]
    ids = np.array([[0, 0, 1, 2]])
    losses.add(np.array([1, 2, 3, 4.5]), np.ones((1, 4), int), Labels(("web", "a\nb\x1b", None, "more"), ids))
    assert str(losses) == (
        "label        targets   share  mean loss\n"
        "web                2   50.0%     1.5000\n"
        "a b⟨U+001B⟩        1   25.0%     3.0000\n"
        "(none)             1   25.0%     4.5000\n"
        "more               0    0.0%        nan\n"
        "all                4  100.0%     2.6250"
    )
    assert repr(losses) == "<LossBySource: 4 labels, 4 targets, 10.500 nats>"
    assert "mean loss" in losses._repr_html_()


def test_losses_may_be_of_half_precision():
    losses = LossBySource()
    half = torch.full((1, 2), 1.5, dtype=torch.bfloat16)
    losses.add(half, np.ones((1, 2), int), Labels(("a",), np.zeros((1, 2), np.int32)))
    assert losses.totals() == {"a": 3.0}


def test_losses_of_transposed_targets_are_refused():
    y, labels = np.zeros((2, 3), np.int64), Labels(("a",), np.zeros((2, 3), np.int32))
    losses = LossBySource()
    with pytest.raises(
        ConfigError, match=r"losses of shape \(3, 2\) for targets of shape \(2, 3\): give one"
    ):
        losses.add(np.zeros((3, 2)), y, labels)
    losses.add(np.zeros((2, 3, 1)), y, labels)
    assert losses.num_added == 6


def test_sums_are_not_merged_with_themselves():
    losses = LossBySource()
    with pytest.raises(ConfigError, match="merge: expected another LossBySource, found this one itself"):
        losses.merge(losses)


def test_means_sums_and_batches_without_labels_are_refused():
    y, labels = np.ones((2, 3), np.int64), Labels(("a",), np.zeros((2, 3), np.int32))
    with pytest.raises(ConfigError, match=r"losses of shape \(\) for targets of shape \(2, 3\): give one"):
        LossBySource().add(np.float64(1), y, labels)
    with pytest.raises(ConfigError, match=r"labels of shape \(2, 2\) for targets of shape \(2, 3\)"):
        LossBySource().add(np.ones((2, 3)), y, Labels(("a",), np.zeros((2, 2), np.int32)))
    with pytest.raises(ConfigError, match="found ndarray; ask for them with labels=True"):
        LossBySource().add(np.ones((2, 3)), y, np.zeros((2, 3), np.int32))


RANK = """
import sys, numpy as np, torch, torch.distributed as dist, corpuskit
store, rank = sys.argv[1], int(sys.argv[2])
dist.init_process_group("gloo", init_method=store, rank=rank, world_size=3)
losses = corpuskit.LossBySource()
names = [("web", None), ("books", "web"), ()][rank]
if names:
    y = torch.ones(2, 2, dtype=torch.int64)
    losses.add(torch.full((2, 2), rank + 1.0), y, corpuskit.Labels(names, torch.tensor([[0, 1], [1, 1]])))
losses.all_reduce()
assert losses.totals() == {"web": 1 + 6, None: 3, "books": 2}, losses.totals()
assert losses.counts() == {"web": 4, None: 3, "books": 1}
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_all_ranks_have_the_sums_of_all_after_a_reduction(tmp_path):
    store = f"file://{tmp_path / 'store'}"
    ranks = [subprocess.Popen([sys.executable, "-c", RANK, store, str(rank)]) for rank in range(3)]
    assert [rank.wait() for rank in ranks] == [0, 0, 0]


def test_without_a_process_group_there_is_nothing_to_reduce():
    losses = LossBySource()
    losses.add(np.ones((1, 2)), np.ones((1, 2), int), Labels(("a",), np.zeros((1, 2), np.int32)))
    losses.all_reduce()
    assert losses.totals() == {"a": 2}


def test_numpy_users_need_no_torch(prepared):
    program = """
import sys, numpy as np, corpuskit
batches = corpuskit.open(sys.argv[1]).batches("train", block_size=4, labels=True, output="numpy")
losses = corpuskit.LossBySource()
x, y, labels = batches[0]
losses.add(np.ones(y.shape), y, labels)
assert losses.means() == {"train": 1} and "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program, prepared("some", "bytes")], check=True)


def test_it_is_public():
    assert (corpuskit.LossBySource, corpuskit.Labels) == (LossBySource, Labels)
