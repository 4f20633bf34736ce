from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from corpuskit.errors import ConfigError
from corpuskit.evaluation import BitsPerByte, Evaluation


@pytest.fixture
def evaluation(memory):
    return Evaluation(memory([range(1, 8), [9, 10]], sizes=[11, 3]), batch_size=2, block_size=4, bos=0)


def losses_of(y):
    """Any losses; NaN where there is no target."""
    return torch.where(y == -100, torch.nan, y.double() / 7)


def test_the_value_is_the_bits_of_all_targets_over_the_bytes_of_the_text(evaluation):
    bits = BitsPerByte(evaluation)
    for _, y in evaluation:
        bits.add(losses_of(y), y)
    nats = sum([*range(1, 8), 9, 10]) / 7
    assert (bits.num_added, bits.num_targets, bits.num_bytes) == (9, 9, 14)
    assert bits.value == pytest.approx(nats / math.log(2) / 14, rel=1e-14)
    assert bits.mean_loss == pytest.approx(nats / 9, rel=1e-14)
    assert repr(bits) == "<BitsPerByte: 9 of 9 targets, 6.714 nats, of 14 bytes>"


@pytest.mark.parametrize(
    "change",
    [
        lambda losses, y: (losses, y),
        lambda losses, y: (losses.flatten(), y),
        lambda losses, y: (losses.flatten(), y.flatten()),
        lambda losses, y: (losses.float(), y),
        lambda losses, y: (losses.numpy(), y.numpy()),
        lambda losses, y: (losses.numpy().ravel(), y.numpy()),
        lambda losses, y: (losses.numpy(), y),
        lambda losses, y: (losses, y.numpy()),
        lambda losses, y: (losses.tolist(), y.tolist()),
        lambda losses, y: (losses.clone().requires_grad_(), y),
    ],
)
def test_losses_come_in_any_shape_and_kind(evaluation, change):
    bits, same = BitsPerByte(evaluation), BitsPerByte(evaluation)
    for _, y in evaluation:
        bits.add(*change(losses_of(y), y))
        same.add_sum(losses_of(y).nansum(), y)
    assert bits.value == pytest.approx(same.value, rel=1e-6)


def test_a_mean_is_not_taken_for_a_sum(evaluation):
    _, y = evaluation[0]
    with pytest.raises(ConfigError, match=r"losses of shape \(\) for targets of shape \(2, 4\): give one"):
        BitsPerByte(evaluation).add(torch.tensor(2.5), y)


def test_losses_of_transposed_targets_are_refused(evaluation):
    _, y = evaluation[0]
    with pytest.raises(
        ConfigError, match=r"losses of shape \(4, 2\) for targets of shape \(2, 4\): give one"
    ):
        BitsPerByte(evaluation).add(losses_of(y).T, y)


@pytest.mark.parametrize("other", [None, "batches"])
def test_what_is_no_evaluation_is_refused(other):
    with pytest.raises(ConfigError, match=r"expected what corpus\.evaluation\(\.\.\.\) gives, found"):
        BitsPerByte(other)


def test_sums_are_not_merged_with_themselves_or_with_something_else(evaluation):
    bits = BitsPerByte(evaluation)
    with pytest.raises(ConfigError, match="merge: expected another BitsPerByte, found this one itself"):
        bits.merge(bits)
    with pytest.raises(ConfigError, match="merge: expected another BitsPerByte, found int"):
        bits.merge(3)


def test_there_is_no_value_before_the_end_and_none_past_it(evaluation):
    bits = BitsPerByte(evaluation)
    _, y = evaluation[0]
    bits.add(losses_of(y), y)
    for name in ("value", "mean_loss"):
        with pytest.raises(
            ConfigError, match="losses of 9 targets, found 8: the evaluation was not finished"
        ):
            getattr(bits, name)
    bits.add(losses_of(y), y)
    with pytest.raises(ConfigError, match="found 16: some were added twice; add each batch once"):
        _ = bits.value


def test_small_losses_are_not_lost_beside_a_large_sum(evaluation):
    bits = BitsPerByte(evaluation)
    bits.add_sum(1e17, np.array([1]))
    for _ in range(8):
        bits.add_sum(1.0, np.array([1]))
    assert bits.nats == 1e17 + 8


def test_what_ranks_have_added_is_merged(memory):
    stream = memory([range(1, 8), [9, 10]], sizes=[11, 3])
    options = {"batch_size": 4, "block_size": 2, "bos": 0, "world_size": 2}
    parts = []
    for rank in range(2):
        evaluation = Evaluation(stream, rank=rank, **options)
        parts.append(BitsPerByte(evaluation))
        for _, y in evaluation:
            parts[-1].add(losses_of(y), y)
    parts[0].merge(parts[1])
    assert parts[0].mean_loss == pytest.approx(sum([*range(1, 8), 9, 10]) / 7 / 9, rel=1e-14)
    other = BitsPerByte(Evaluation(memory([[1, 2]], sizes=[2]), bos=0))
    with pytest.raises(
        ConfigError, match="expected losses of 9 targets and 14 bytes, found those of 2 and 2"
    ):
        parts[0].merge(other)


RANK = """
import sys, numpy as np, torch.distributed as dist, corpuskit
path, store, rank = sys.argv[1], sys.argv[2], int(sys.argv[3])
dist.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
corpus = corpuskit.open(path)
options = {"split": "train", "bos": 0, "batch_size": 6, "block_size": 7, "output": "numpy"}
whole, shared = (corpuskit.BitsPerByte(corpus.evaluation(**options)) for _ in range(2))
for x, y in corpus.evaluation(**options):
    whole.add(np.sqrt(x + abs(y)), y)
for x, y in corpus.evaluation(rank=rank, world_size=2, **options):
    shared.add(np.sqrt(x + abs(y)), y)
assert shared.num_added < whole.num_added
shared.all_reduce()
assert abs(shared.value / whole.value - 1) < 1e-14
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_all_ranks_have_the_value_after_a_reduction(prepared, tmp_path):
    path, store = prepared("some", "bytes"), f"file://{tmp_path / 'store'}"
    ranks = [subprocess.Popen([sys.executable, "-c", RANK, path, store, str(rank)]) for rank in range(2)]
    assert [rank.wait() for rank in ranks] == [0, 0]


def test_without_a_process_group_there_is_nothing_to_reduce(evaluation):
    bits = BitsPerByte(evaluation)
    bits.add_sum(1.0, np.array([[1, -100]]))
    bits.all_reduce()
    assert (bits.num_added, bits.nats) == (1, 1.0)


def test_a_loss_stream_that_leaves_nothing_out_is_no_matter(memory):
    stream = memory([[1, 2]], loss=[1, 1], sizes=[2])
    assert BitsPerByte(Evaluation(stream, bos=0)).num_targets == 2


def test_first_tokens_that_are_no_targets_are_refused(memory):
    with pytest.raises(ConfigError, match="3 tokens and 2 targets, as first tokens have nothing before them"):
        BitsPerByte(Evaluation(memory([[1, 2], [3]], sizes=[2, 1])))


def test_targets_that_a_loss_stream_leaves_out_are_refused(memory):
    stream = memory([[1, 2], [3]], loss=[1, 0, 1], sizes=[2, 1])
    with pytest.raises(
        ConfigError, match="its stream 'loss' leaves targets out, and the bytes of the others"
    ):
        BitsPerByte(Evaluation(stream, bos=0))
    assert BitsPerByte(Evaluation(stream, bos=0, loss=False)).num_targets == 3


def test_text_without_bytes_and_streams_without_sizes_are_refused(memory):
    with pytest.raises(ConfigError, match="the evaluated documents have no text; evaluate others"):
        BitsPerByte(Evaluation(memory([[1]], sizes=[0]), bos=0))
    with pytest.raises(
        ConfigError, match="split 'valid' does not say how many bytes its documents' text has"
    ):
        BitsPerByte(Evaluation(memory([[1]]), bos=0))


def test_numpy_users_need_no_torch(prepared):
    program = """
import sys, numpy as np, corpuskit
evaluation = corpuskit.open(sys.argv[1]).evaluation("train", bos=0, output="numpy")
bits = corpuskit.BitsPerByte(evaluation)
for x, y in evaluation:
    bits.add(np.full(y.shape, np.log(2)), y)
assert bits.value == 1 and "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program, prepared("some", "bytes")], check=True)
