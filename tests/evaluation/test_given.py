"""What sums of losses are given: numbers of any library, and what is no number."""

from __future__ import annotations

import math
import warnings
from decimal import Decimal

import numpy as np
import pytest
import torch

from corpuskit.batches.labels import Labels
from corpuskit.errors import ConfigError
from corpuskit.evaluation import BitsPerByte, Evaluation, LossBySource
from corpuskit.evaluation.given import one_number, real_numbers, whole_numbers


def kind_of(value):
    """What a test calls a value."""
    return f"{type(value).__module__}-{getattr(value, 'dtype', '')}"


SHAPE = (2, 4)
Y = np.arange(8).reshape(SHAPE)
ONES = np.ones(SHAPE)
LABELS = Labels(("a",), np.zeros(SHAPE, np.int32))
TARGETS = [Y, torch.from_numpy(Y), Y.astype(np.uint16), torch.from_numpy(Y).int()]
LOSSES = [
    torch.ones(SHAPE, dtype=torch.bfloat16),
    torch.ones(SHAPE, dtype=torch.float16),
    torch.ones(SHAPE, dtype=torch.float8_e4m3fn),
    torch.ones(SHAPE, dtype=torch.int32),
    torch.ones(SHAPE, requires_grad=True),
    ONES.astype(np.float16),
    ONES.astype(np.longdouble),
    ONES.astype(np.uint8),
    [[1.0] * 4] * 2,
    [torch.ones(4)] * 2,
]
NO_LOSSES = {
    "texts": np.full(SHAPE, "1.5"),
    "lists of texts": [["a"] * 4] * 2,
    "bytes": np.full(SHAPE, b"1"),
    "complex numbers": ONES * 1j,
    "complex tensor": torch.ones(SHAPE) * 1j,
    "booleans": ONES.astype(bool),
    "boolean tensor": torch.ones(SHAPE, dtype=torch.bool),
    "dates": np.full(SHAPE, "2020-01-01", dtype="M8[s]"),
    "raw bytes": np.zeros(SHAPE, dtype="V3"),
    "beyond floats": [[10**400] * 4] * 2,
    "ragged": [[1.0], [1.0, 2.0]],
    "no data": torch.ones(SHAPE, device="meta"),
    "sparse": torch.ones(SHAPE).to_sparse(),
    "text": "abc",
    "nothing": None,
    "a mapping": {1: 2},
    "an object": object(),
}
NO_TARGETS = {
    "floats": Y / 7,
    "floats of torch": torch.from_numpy(Y).bfloat16(),
    "booleans": Y > 3,
    "no data": torch.from_numpy(Y).to("meta"),
    "ragged": [[1], [1, 2]],
    "text": "abc",
    "nothing": None,
    "an object": object(),
    "a number": 5,
}
NO_SUMS = {
    "text": "8.0",
    "bytes": b"8",
    "a boolean": True,
    "numpy's": np.True_,
    "nothing": None,
    "complex": 1j,
    "a list": [8.0],
    "losses": ONES,
    "two": torch.ones(2),
    "no data": torch.tensor(8.0, device="meta"),
    "beyond floats": 10**400,
}


@pytest.fixture
def bits(memory):
    return BitsPerByte(Evaluation(memory([range(1, 9)], sizes=[8]), batch_size=2, block_size=4, bos=0))


@pytest.mark.parametrize("losses", LOSSES, ids=kind_of)
@pytest.mark.parametrize("y", TARGETS, ids=kind_of)
def test_losses_and_targets_are_numbers_of_any_library(bits, losses, y):
    bits.add(losses, y)
    assert bits.mean_loss == 1.0
    by_source = LossBySource()
    by_source.add(losses, y, LABELS)
    assert by_source.means() == {"a": 1.0}


def test_the_narrow_floats_of_other_libraries_are_numbers():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    assert (real_numbers("losses", ONES.astype(ml_dtypes.bfloat16)) == 1.0).all()


@pytest.mark.parametrize("losses", NO_LOSSES.values(), ids=NO_LOSSES)
def test_losses_that_are_no_numbers_are_one_line(bits, losses):
    for add in (lambda: bits.add(losses, Y), lambda: LossBySource().add(losses, Y, LABELS)):
        with pytest.raises(
            ConfigError, match=r"^losses: expected .*; give arrays, tensors or lists"
        ) as caught:
            add()
        assert "\n" not in str(caught.value)
    assert bits.num_added == 0


@pytest.mark.parametrize("y", NO_TARGETS.values(), ids=NO_TARGETS)
def test_targets_that_are_none_are_one_line(bits, y):
    adds = [lambda: bits.add(ONES, y), lambda: bits.add(torch.ones(SHAPE), y)]
    for add in (*adds, lambda: bits.add_sum(8.0, y), lambda: LossBySource().add(ONES, y, LABELS)):
        with pytest.raises(ConfigError, match=r"^y: expected .*, found .*; ") as caught:
            add()
        assert "\n" not in str(caught.value)


def test_losses_and_targets_in_the_wrong_order_are_refused(bits):
    with pytest.raises(ConfigError, match="y: expected whole numbers.* found float64; losses"):
        bits.add(Y, ONES)


@pytest.mark.parametrize(
    "nats",
    [8, 8.0, np.float32(8), np.array(8.0), np.array([8.0]), torch.tensor([[8.0]]), Decimal(8)],
    ids=str,
)
def test_a_sum_is_a_number_of_any_library(bits, nats):
    bits.add_sum(nats, Y)
    assert bits.mean_loss == 1.0


def test_a_sum_with_a_gradient_is_a_number(bits):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bits.add_sum(torch.tensor(8.0, requires_grad=True), Y)
    assert bits.mean_loss == 1.0


@pytest.mark.parametrize("nats", NO_SUMS.values(), ids=NO_SUMS)
def test_a_sum_that_is_no_number_is_one_line(bits, nats):
    with pytest.raises(
        ConfigError, match=r"^nats: expected a number, .*, found \w+( of shape .*)?; to"
    ) as caught:
        bits.add_sum(nats, Y)
    assert "\n" not in str(caught.value)
    assert bits.num_added == 0


@pytest.mark.parametrize("loss", [math.inf, math.nan])
def test_a_model_that_diverged_has_the_value_that_it_has(bits, loss):
    bits.add(np.full((1, 4), loss), Y[:1])
    bits.add(ONES[1:], Y[1:])
    assert str(bits.value) == str(bits.mean_loss) == str(loss)


def test_a_sum_beyond_all_floats_is_infinite(bits):
    bits.add(np.full(SHAPE, 1e308), Y)
    assert bits.value == math.inf


@pytest.mark.parametrize(
    ("names", "ids", "message"),
    [
        (("a",), np.full(SHAPE, 5), "labels: expected numbers of 1 names, counted from 0, found 5"),
        (("a",), np.zeros(SHAPE), "labels: expected whole numbers.* found float64"),
        (("a",), None, "labels: expected whole numbers.* found objects"),
        (
            ("a",),
            np.zeros(3, int),
            r"labels of shape \(3,\) for targets of shape \(2, 4\): give one for each",
        ),
        ("a", LABELS.ids, "labels: expected their names as texts, found 'a'"),
        (None, LABELS.ids, "labels: expected their names as texts, found None"),
        ((3,), LABELS.ids, r"labels: expected their names as texts, found \(3,\)"),
    ],
)
def test_labels_that_are_none_are_refused(names, ids, message):
    with pytest.raises(ConfigError, match=message):
        LossBySource().add(ONES, Y, Labels(names, ids))


def test_a_list_of_nothing_is_a_batch_without_targets():
    assert whole_numbers("y", []).size == real_numbers("losses", []).size == 0
    assert one_number("nats", 0) == 0.0
