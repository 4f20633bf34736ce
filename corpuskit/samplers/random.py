"""Uniform windows with replacement, as nanoGPT draws them, but each a function of its sample number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpuskit.samplers.base import Sampler, SamplerContext, check_options
from corpuskit.samplers.counter import hash_words, uniform_below


class RandomSampler(Sampler):
    """Every window of the split is as likely as every other, whatever was drawn before.

    A start is a counter-based random number of (seed, sample number), scaled to the number of windows with
    a bias below N / 2**128. There are no epochs. When the block size changes in a run, the draws go on where
    they stood: nothing is repeated or skipped that would not have been.
    """

    resizable = True
    cuts = True

    def __init__(self, context: SamplerContext) -> None:
        check_options("random", context)
        self._num_windows = context.num_tokens - context.block_size
        self._key, self._stream = hash_words("random", context.seed)

    def starts(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n], one start in [0, N - T - 1] a sample."""
        counters = samples.astype(np.uint64)
        drawn = uniform_below(counters, self._num_windows, stream=self._stream, key=self._key)
        return drawn.astype(np.int64)
