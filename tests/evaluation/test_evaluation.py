from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from corpuskit.batches.segments import IGNORED
from corpuskit.errors import ConfigError
from corpuskit.evaluation import BitsPerByte, Evaluation
from corpuskit.selection import Selection


def stretches_of(stream, numbers=None, *, by_document):
    """What is evaluated by itself: lists of (token, whether it counts)."""
    loss = [1] * stream.num_tokens if stream.loss is None else stream.loss.tolist()
    at, documents = 0, []
    for document in stream.documents:
        counts = loss[at : at + len(document)]
        documents.append([(token, bool(one)) for token, one in zip(document, counts, strict=True)])
        at += len(document)
    if numbers is None:
        numbers = range(len(documents))
    if by_document:
        return [documents[number] for number in numbers]
    found, previous = [], None
    for number in numbers:  # a document without tokens between two does not keep them apart
        between = [] if previous is None else documents[previous + 1 : number]
        if previous is None or any(between):
            found.append([])
        found[-1] += documents[number]
        previous = number
    return found


@st.composite
def cases(draw):
    block_size = draw(st.integers(1, 9))
    return {
        "block_size": block_size,
        "stride": draw(st.integers(1, block_size)),
        "bos": draw(st.sampled_from([None, 1000])),
        "world_size": draw(st.integers(1, 3)),
        "per_rank": draw(st.integers(1, 3)),
        "prefetch": draw(st.integers(0, 2)),
    }


def all_batches(stream, case, **options):
    """The evaluations of all ranks, and for each step the batches of the ranks one under another."""
    given = {name: case[name] for name in ("block_size", "stride", "bos", "world_size", "prefetch")}
    size = case["per_rank"] * case["world_size"]
    ranks = [
        Evaluation(stream, batch_size=size, rank=rank, output="numpy", **given, **options)
        for rank in range(case["world_size"])
    ]
    steps = zip(*ranks, strict=True)
    return ranks, [[np.concatenate(parts) for parts in zip(*each, strict=True)] for each in steps]


@pytest.mark.parametrize("documents", [False, True])
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_rows_are_those_of_a_loop_whatever_the_shards_strides_and_ranks(
    any_stream, rows_by_hand, documents, data
):
    stream, case = data.draw(any_stream(with_loss=True)), data.draw(cases())
    chosen = data.draw(st.none() | st.sets(st.integers(0, len(stream.documents) - 1), min_size=1))
    numbers, selection = None, None
    if chosen is not None:
        numbers = sorted(chosen)
        selection = Selection(numbers, split=stream.fingerprint, num_documents=len(stream.documents))
    stretches = stretches_of(stream, numbers, by_document=documents)
    expected = rows_by_hand(stretches, case["block_size"], case["stride"], case["bos"])
    if not expected:
        with pytest.raises(ConfigError, match="no target among them"):
            all_batches(stream, case, documents=documents, selection=selection)
        return
    ranks, steps = all_batches(stream, case, documents=documents, selection=selection)
    x, y = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    assert {each[0].shape for each in steps} == {(case["per_rank"] * case["world_size"], case["block_size"])}
    assert x[: len(expected)].tolist() == [row for row, _ in expected]
    assert y[: len(expected)].tolist() == [row for _, row in expected]
    assert not x[len(expected) :].any()
    assert (y[len(expected) :] == IGNORED).all()
    evaluation = ranks[0]
    assert (evaluation.num_rows, len(evaluation)) == (len(expected), len(steps))
    assert evaluation.num_targets == (y != IGNORED).sum()
    assert evaluation.num_tokens == sum(map(len, stretches))


@pytest.mark.parametrize("documents", [False, True, "packed"])
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_every_token_is_a_target_exactly_once_behind_a_bos_id(any_stream, documents, data):
    stream, case = data.draw(any_stream()), data.draw(cases())
    ranks, steps = all_batches_of_any_kind(stream, {**case, "bos": 1000}, documents)
    targets = np.concatenate([y[y != IGNORED] for _, y, *_ in steps])
    assert sorted(targets.tolist()) == sorted(stream.tokens.tolist())
    if documents != "packed":
        assert targets.tolist() == stream.tokens.tolist()
    assert ranks[0].num_targets == len(targets) == stream.num_tokens


def all_batches_of_any_kind(stream, case, documents):
    """As `all_batches`; packed rows have their segments' positions third."""
    if documents != "packed":
        return all_batches(stream, case, documents=documents)
    given = {name: case[name] for name in ("block_size", "stride", "bos", "prefetch")}
    one = Evaluation(stream, batch_size=case["per_rank"], output="numpy", documents="packed", **given)
    return [one], [(x, y, segments.position_ids) for x, y, segments in one]


@pytest.mark.parametrize("documents", [False, True, "packed"])
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_bits_per_byte_are_those_of_a_direct_computation(
    any_stream, hashed_model, loss_by_hand, documents, data
):
    stream, case = data.draw(any_stream()), data.draw(cases())
    case["bos"] = 1000
    block_size, stride = case["block_size"], case["stride"]
    nats = 0.0
    for stretch in stretches_of(stream, by_document=bool(documents)):
        tokens = [1000, *(token for token, _ in stretch)]
        for place in range(1, len(tokens)):
            window = max(0, math.ceil((place - block_size) / stride))
            nats += loss_by_hand(tokens[window * stride : place], tokens[place])
    _, steps = all_batches_of_any_kind(stream, case, documents)
    bits = BitsPerByte(Evaluation(stream, batch_size=1, block_size=1, bos=1000))
    for x, y, *positions in steps:
        bits.add(hashed_model(x, y, *positions), y)
    assert bits.value == pytest.approx(nats / math.log(2) / sum(stream.sizes), rel=1e-12)
    assert bits.mean_loss == pytest.approx(nats / stream.num_tokens, rel=1e-12)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_packed_rows_hold_the_windows_of_documents_whole_and_nothing_else(any_stream, data):
    stream, case = data.draw(any_stream(with_loss=True)), data.draw(cases())
    given = {name: case[name] for name in ("block_size", "stride", "bos")}
    try:
        alone = Evaluation(stream, batch_size=1, output="numpy", documents=True, **given)
    except ConfigError:
        return
    packed = Evaluation(stream, batch_size=2, output="numpy", documents="packed", **given)
    expected = []
    for (row,), (targets,) in alone:
        filled = max(np.flatnonzero((row != 0) | (targets != IGNORED)), default=-1) + 1
        expected.append((row[:filled].tolist(), targets[:filled].tolist()))
    found = []
    for x, y, segments in packed:
        for a, b in zip(segments.cu_seqlens[:-1], segments.cu_seqlens[1:], strict=True):
            row, targets = x.reshape(-1)[a:b], y.reshape(-1)[a:b]
            if row.any():
                found.append((row.tolist(), targets.tolist()))
            else:
                assert (targets == IGNORED).all()
    assert sorted(found) == sorted(expected)
    assert packed.num_rows <= alone.num_rows
    assert packed.num_targets == alone.num_targets


def test_torch_tensors_are_the_arrays(memory):
    stream = memory([[5, 6, 7], [8, 9]], cuts=[2])
    arrays = Evaluation(stream, batch_size=2, block_size=2, bos=1, output="numpy")
    tensors = Evaluation(stream, batch_size=2, block_size=2, bos=1)
    for (x, y), (x_tensor, y_tensor) in zip(arrays, tensors, strict=True):
        assert x_tensor.dtype == y_tensor.dtype == torch.int64
        assert (x_tensor.tolist(), y_tensor.tolist()) == (x.tolist(), y.tolist())


def test_batches_go_to_a_device(memory):
    evaluation = Evaluation(
        memory([[5, 6], [7]]), batch_size=2, block_size=4, bos=1, documents="packed", device="meta"
    )
    (x, y, segments), *others = evaluation
    assert {part.device.type for part in (x, y, segments.cu_seqlens)} == {"meta"}
    assert (tuple(x.shape), others) == ((2, 4), [])


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_dataloader_takes_it_as_it_is(memory, num_workers):
    evaluation = Evaluation(memory([range(1, 30)], cuts=[7]), batch_size=2, block_size=4, stride=3, bos=0)
    loader = DataLoader(evaluation, batch_size=None, num_workers=num_workers)
    for found, expected in zip(loader, evaluation, strict=True):
        assert [part.tolist() for part in found] == [part.tolist() for part in expected]


def test_a_copy_by_pickle_is_the_same(memory):
    evaluation = Evaluation(memory([range(1, 30)]), batch_size=2, block_size=4, bos=0, output="numpy")
    evaluation[0]
    copy = pickle.loads(pickle.dumps(evaluation))
    assert [y.tolist() for _, y in copy] == [y.tolist() for _, y in evaluation]
    assert copy.bos == 0


def test_a_copy_keeps_the_ranks_that_were_found(memory, monkeypatch):
    options = {"batch_size": 2, "block_size": 4, "bos": 0, "output": "numpy"}
    split = memory([range(1, 30)])
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    evaluation = Evaluation(split, rank="auto", world_size="auto", **options)
    monkeypatch.delenv("RANK")
    monkeypatch.delenv("WORLD_SIZE")
    expected = [y.tolist() for _, y in Evaluation(split, rank=1, world_size=2, **options)]
    for one in (evaluation, pickle.loads(pickle.dumps(evaluation))):
        assert [y.tolist() for _, y in one] == expected


def test_any_batch_is_there_by_its_number(memory):
    evaluation = Evaluation(memory([range(1, 30)]), batch_size=2, block_size=4, output="numpy")
    assert [y.tolist() for _, y in evaluation] == [evaluation[step][1].tolist() for step in range(4)]
    assert evaluation[1][0].tolist() == [[9, 10, 11, 12], [13, 14, 15, 16]]
    with pytest.raises(IndexError, match="step 4 of an evaluation of 4 batches"):
        evaluation[4]
    with pytest.raises(TypeError, match="a step is an integer, not str"):
        evaluation["1"]


def test_it_says_what_it_is(memory):
    evaluation = Evaluation(memory([range(1, 30)]), batch_size=2, block_size=4, stride=2, bos=7)
    assert repr(evaluation).endswith(": 7 batches of 2, block_size=4, stride=2, bos=7, documents=False>")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stride": 5}, "stride = 5: tokens between windows of block_size 4 would never be targets"),
        ({"stride": 0}, "stride = 0: must be a whole number, 1 or more"),
        ({"bos": 2**16}, "bos = 65536: must be an id below 65,536, or a control token's name"),
        ({"bos": "<s>"}, "bos = '<s>': split 'valid' has no control token of this name"),
        ({"documents": "mask"}, "documents = 'mask': must be False, True or 'packed' in an evaluation"),
        ({"documents": True}, "1 tokens to evaluate and no target among them"),
        ({"batch_size": 3, "world_size": 2}, "batch_size 3 cannot be shared by 2 ranks"),
        ({"strides": 2}, "Evaluation.. has no argument 'strides'; did you mean 'stride'"),
        ({"selection": 3}, "selection = 3: must be a selection of documents"),
    ],
)
def test_what_cannot_be_is_refused(memory, options, message):
    with pytest.raises(ConfigError, match=message):
        Evaluation(memory([[5]]), **{"block_size": 4, **options})


def test_the_bytes_of_tokens_that_no_document_ends_are_not_known(memory):
    stream = memory([[5, 6]], sizes=[2])
    stream.document_ends = lambda: np.array([1])
    evaluation = Evaluation(stream, bos=0)
    with pytest.raises(ConfigError, match="no document ends with its last tokens"):
        _ = evaluation.num_text_bytes


@pytest.mark.parametrize("sizes", [{"batch_size": [(0, 2), (3, 4)]}, {"block_size": [(0, 2), (2, 4)]}])
def test_an_evaluation_has_no_schedule_of_sizes(memory, sizes):
    with pytest.raises(ConfigError, match="an evaluation has one batch_size and one block_size"):
        Evaluation(memory([[5, 6, 7, 8, 9]]), **{"batch_size": 2, "block_size": 2, **sizes}, output="numpy")
