"""What will be needed next is fetched ahead."""

from __future__ import annotations

import time

import pytest

import corpuskit

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")

#: The size of each shard of the corpus, but for the last.
SHARD_BYTES = 10_000


def test_what_comes_next_is_fetched_ahead(url, s3):
    options = {"batch_size": 8, "block_size": 100, "sampler": "sequential", "output": "numpy"}
    batches = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES).batches("train", **options)
    iterator = iter(batches)
    for _ in range(18):  # 14,400 tokens are 3 shards; the first 31 steps are known, which are 5
        next(iterator)
    while len(s3.seen("GET", ".bin")) < 5:
        time.sleep(0.01)
    assert len(s3.seen("GET", ".bin")) == 5
