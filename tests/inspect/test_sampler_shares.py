from __future__ import annotations

import numpy as np
import pytest

from corpuskit.batches.options import BatchOptions
from corpuskit.batches.order import Order
from corpuskit.inspect.sampler_shares import sampler_shares


def drawn(split, name, options, block_size, batch_size):
    """The targets and the padded places of one epoch, from the rows themselves."""
    sizes = {"block_size": block_size, "batch_size": batch_size}
    order = Order(split, BatchOptions(sampler=name, sampler_options=options, output="numpy", **sizes))
    rows = order.samples_per_epoch
    spans = order.spans(np.arange(rows), targets=True)
    targets = [
        start + at
        for start, length in zip(spans.starts.tolist(), spans.lengths.tolist(), strict=True)
        for at in range(length)
    ]
    return rows, targets, rows * block_size - len(targets)


@pytest.mark.parametrize("num_tokens", [9, 64, 65, 200, 1001])
@pytest.mark.parametrize(("block_size", "batch_size"), [(1, 1), (8, 1), (8, 3), (63, 1)])
def test_shares_are_those_of_the_rows_of_an_epoch(make_split, cache_dir, num_tokens, block_size, batch_size):
    generator = np.random.default_rng(num_tokens)
    ends = np.unique(generator.integers(1, num_tokens, 9))
    split = make_split(num_tokens, document_ends=ends, fingerprint="")
    found = [*sampler_shares(split, block_size=block_size, batch_size=batch_size)]
    if num_tokens < block_size + 1:
        assert found == []
        return
    assert {one.sampler for one in found} >= {"random", "shuffled", "sequential", "packed"}
    for one in found:
        assert one.kept + one.cropped == pytest.approx(1)
        if one.sampler == "random":
            continue
        rows, targets, padded = drawn(split, one.sampler, one.options, block_size, batch_size)
        assert one.num_rows == rows
        assert len(set(targets)) == len(targets)
        assert one.kept == pytest.approx(len(targets) / num_tokens)
        assert one.padded == pytest.approx(padded / (rows * block_size))


@pytest.mark.parametrize(("num_tokens", "block_size"), [(2, 1), (9, 8), (12, 8), (40, 7), (300, 64)])
def test_random_windows_keep_what_is_expected(make_split, num_tokens, block_size):
    split = make_split(num_tokens, fingerprint="")
    (found, *_) = sampler_shares(split, block_size=block_size, batch_size=1)
    windows = num_tokens - block_size
    rows = -(-(num_tokens - 1) // block_size)
    seen = 0.0
    for target in range(1, num_tokens):
        holding = sum(start < target <= start + block_size for start in range(windows))
        seen += 1 - (1 - holding / windows) ** rows
    assert found.is_expected
    assert found.num_rows == rows
    assert found.kept == pytest.approx(seen / num_tokens)
    assert found.padded == 0


def test_splits_without_documents_of_two_tokens_have_nothing_to_pack(make_split):
    split = make_split(20, document_ends=range(1, 21), fingerprint="")
    assert "packed" not in {one.sampler for one in sampler_shares(split, block_size=4, batch_size=1)}
