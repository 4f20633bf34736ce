from __future__ import annotations

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit.inspect import seen
from corpuskit.inspect.seen import when_seen


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    (folder / "a.txt").write_text("".join(f"{'word ' * (number % 7)}{number}\n" for number in range(90)))
    return corpuskit.prepare(
        str(folder / "a.txt"), encoding="bytes", lines=True, split="none", output=folder / "c", progress=False
    )


RANGES = [(0, 1), (5, 40), (30, 45), (500, 501), (200, 900), (7, 7)]


@pytest.mark.parametrize("sampler", ["random", "shuffled", "sequential", "packed"])
@pytest.mark.parametrize("rows", [2**16, 7])
def test_tokens_are_seen_where_the_batches_have_them(corpus, sampler, rows, monkeypatch):
    monkeypatch.setattr(seen, "_ROWS", rows)
    batches = corpus.batches("train", batch_size=5, block_size=16, sampler=sampler, seed=3, output="numpy")
    steps = (2, 17) if sampler == "random" else None
    found = when_seen(batches.order, RANGES, steps=steps, most=1000)
    first, last = steps or (0, len(batches) - 1)
    samples = range(first * 5, (last + 1) * 5)
    if steps is None:
        samples = range(batches.samples_per_epoch)
    expected = {one: [] for one in RANGES}
    for sample in samples:
        pieces = batches.trace(sample // 5).rows[sample % 5].pieces
        for low, high in RANGES:
            if any(piece.start < high and low < piece.stop for piece in pieces) and low < high:
                expected[low, high].append(divmod(sample, 5))
    assert [one.rows for one in found] == list(expected.values())
    assert [one.num_samples for one in found] == [len(rows) for rows in expected.values()]


def test_steps_of_a_schedule_are_those_of_its_batches(corpus):
    batches = corpus.batches(
        "train", batch_size=[(0, 2), (4, 4)], block_size=[(0, 8), (8, 32)], sampler="shuffled", output="numpy"
    )
    found = when_seen(batches.order, [(100, 101), (500, 520)], steps=(0, 9))
    expected = [[], []]
    for step in range(10):
        for row in batches.trace(step).rows:
            for number, (low, high) in enumerate([(100, 101), (500, 520)]):
                if any(piece.start < high and low < piece.stop for piece in row.pieces):
                    expected[number].append((step, row.row))
    assert [one.rows for one in found] == expected


def test_only_so_many_are_kept_and_all_are_counted(corpus):
    batches = corpus.batches("train", batch_size=4, block_size=8, sampler="sequential", output="numpy")
    (found,) = when_seen(batches.order, [(0, 100)], most=2)
    assert found.rows == [(0, 0), (0, 1)]
    assert found.num_samples == 13
    assert str(found) == "step 0 row 0, step 0 row 1 and 11 more"
    assert found.to_json() == {
        "num_rows": 13,
        "rows": [{"step": 0, "row": 0, "sample": 0}, {"step": 0, "row": 1, "sample": 1}],
    }


def test_what_is_not_seen_says_so(corpus):
    batches = corpus.batches("train", batch_size=4, block_size=8, sampler="sequential", output="numpy")
    (found,) = when_seen(batches.order, [(800, 801)], steps=(0, 0))
    assert str(found) == "at none of these steps"
    assert found.samples.dtype == np.int64


def test_steps_must_be_said_where_a_run_never_ends(corpus):
    batches = corpus.batches("train", batch_size=4, block_size=8, output="numpy")
    with pytest.raises(
        ConfigError, match="sampler 'random' has no epochs; say which steps are looked at with --steps"
    ):
        when_seen(batches.order, [(0, 1)])
    with pytest.raises(ConfigError, match="--steps 3:2: must be FIRST:LAST"):
        when_seen(batches.order, [(0, 1)], steps=(3, 2))
