"""Coverage is what marking every single target finds."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.batches.options import options_of
from corpuskit.batches.order import Order
from corpuskit.inspect.report import coverage as module
from corpuskit.inspect.report.coverage import coverage


def marked(order, num_samples):
    """bool[N]: which tokens are a target, one span after another."""
    found = np.zeros(order.stream.num_tokens, np.bool_)
    for sample in range(num_samples):
        spans = order.spans([sample])
        for start, length in zip(spans.starts.tolist(), spans.lengths.tolist(), strict=True):
            found[start + 1 : start + length + 1] = True
    return found


@pytest.mark.parametrize("sampler", ["random", "shuffled", "sequential", "packed"])
@pytest.mark.parametrize("num_samples", [0, 1, 60, 400])
@pytest.mark.parametrize("limits", [None, (64, 7)])
def test_each_bin_has_the_targets_that_were_drawn_in_it(plain, sampler, num_samples, limits, monkeypatch):
    if limits is not None:
        monkeypatch.setattr(module, "_CHUNK_TOKENS", limits[0])
        monkeypatch.setattr(module, "_PASS_SAMPLES", limits[1])
    order = Order(plain["train"], options_of(sampler=sampler, block_size=32, batch_size=4, seed=3))
    found = coverage(order, num_samples, bins=37)
    expected = marked(order, num_samples)
    assert [*map(int, found.edges[[0, -1]])] == [0, len(plain["train"])]
    assert found.drawn.tolist() == [
        int(expected[start:stop].sum()) for start, stop in zip(found.edges[:-1], found.edges[1:], strict=True)
    ]
    assert found.share == pytest.approx(expected.mean())
    assert (found.sampler, found.num_samples) == (sampler, num_samples)


def test_shuffled_leaves_nothing_and_random_a_third(prepared):
    import corpuskit

    split = corpuskit.open(prepared("text", "bytes"))["train"]
    rows = len(split) // 8
    shares = {
        sampler: coverage(Order(split, options_of(sampler=sampler, block_size=8)), rows, bins=10).share
        for sampler in ("random", "shuffled")
    }
    assert shares["shuffled"] > 0.999
    assert shares["random"] == pytest.approx(1 - np.exp(-1), abs=0.03)


def test_a_split_of_fewer_tokens_than_bins_has_a_bin_for_each(prepared):
    import corpuskit

    split = corpuskit.open(prepared("text", "bytes"))["valid"]
    found = coverage(Order(split, options_of(block_size=1)), 5, bins=10**6)
    assert len(found.drawn) == len(split)
    assert found.drawn.max() == 1
