"""Whole conversations in rows: a run that stops goes on with the same x, y and losses, however it runs."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import corpuskit

#: Rows of a step, of all ranks together.
ROWS = 12


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    """Conversations of different lengths, in many shards."""
    draw, folder = random.Random(9), tmp_path_factory.mktemp("chat")
    path = folder / "said.jsonl"
    with path.open("w") as file:
        for _ in range(300):
            said = ["x" * draw.randrange(1, 40), "y" * draw.randrange(1, 40)] * draw.randrange(1, 3)
            turns = [{"role": ("user", "assistant")[n % 2], "content": one} for n, one in enumerate(said)]
            turns[-1]["weight"] = draw.randrange(2)
            file.write(json.dumps({"messages": turns}) + "\n")
    return corpuskit.prepare(
        str(path), output=folder / "x", format="chat", encoding="bytes", add_tokens=True, split="none",
        workers=1, shard_bytes=3000, part_bytes=8000,
    )  # fmt: skip


def opened(chat, *, rank=0, world_size=1, prefetch=0, **options):
    return chat.batches(
        "train", batch_size=ROWS, block_size=256, sampler="packed", seed=3, output="numpy",
        streams=("loss",), rank=rank, world_size=world_size, prefetch=prefetch, **options,
    )  # fmt: skip


OPTIONS = {"documents": "whole", "too_long": "truncate", "skip_untrained": True}


def arrays(batch):
    x, y, *_, streams = batch
    return x, y, streams["loss"]


@pytest.mark.parametrize("too_long", ["drop", "truncate", "split"])
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_a_run_that_stops_goes_on_the_same_whatever_it_is_told(chat, too_long, data):
    options = {"sampler_options": {**OPTIONS, "too_long": too_long}}
    straight = opened(chat, **options)
    expected = [arrays(straight[step]) for step in range(8)]
    ways = st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from([0, 1, 3]))
    world_size, prefetch = data.draw(ways)
    stop = data.draw(st.integers(0, 7))
    state, found = None, []
    first = [
        opened(chat, rank=rank, world_size=world_size, prefetch=prefetch, **options)
        for rank in range(world_size)
    ]
    steps = [iter(one) for one in first]
    for _ in range(stop):
        found.append([arrays(next(one)) for one in steps])
    state = first[0].state_dict()
    world_size, prefetch = data.draw(ways)
    second = [
        opened(chat, rank=rank, world_size=world_size, prefetch=prefetch, **options)
        for rank in range(world_size)
    ]
    for one in second:
        one.load_state_dict(json.loads(json.dumps(state)))
    steps = [iter(one) for one in second]
    for _ in range(8 - stop):
        found.append([arrays(next(one)) for one in steps])
    for ranks, whole in zip(found, expected, strict=True):
        for kind, values in enumerate(whole):
            assert (np.concatenate([rank[kind] for rank in ranks]) == values).all()


def test_the_loss_of_a_row_is_that_of_its_tokens(chat):
    """What is not learned is -100 in y; an answer is y's, of weight 1, and its end."""
    batches = opened(chat, sampler_options=OPTIONS)
    end = chat.tokenizer.control_ids["<|im_end|>"]
    for step in range(5):
        x, y, loss = arrays(batches[step])
        assert (y[loss == 0] == -100).all()  # padding is -100 too, and has the loss's fill
        learned = y[y != -100]
        assert set(learned.tolist()) == {ord("y"), end}
        assert not (x[:, 1:][y[:, :-1] == ord("y")] != ord("y")).any()
