"""What batches can be told."""

from __future__ import annotations

from corpuskit.batches.options import options_of
from corpuskit.config import BatchConfig


def test_debug_leaves_what_was_said_for_batches_to_shrink():
    config = BatchConfig(batch_size=64, block_size=1024, debug=True)
    assert (config.batch_size, config.block_size) == (64, 1024)
    options = options_of(**config.options())
    assert (options.batch_size, options.block_size) == (2, 8)
