"""Every window once an epoch, in an order that is computed and not stored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpuskit.samplers.base import Sampler, SamplerContext, check_options
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.epochs import by_epoch
from corpuskit.samplers.permutation import Permutation
from corpuskit.samplers.trained import SKIP_UNTRAINED, trained_windows

# Permutations are cheap to make (one hash); this many are kept for batches that hold the end of an epoch.
_KEPT_EPOCHS = 4


class ShuffledSampler(Sampler):
    """Each epoch visits every one of its windows exactly once, in an order of its own.

    The N - 1 pairs of a token and its successor are cut into E = (N - 1) // T windows of T pairs, end to end,
    so no pair is seen twice in an epoch. The (N - 1) % T pairs that are left over, fewer than T, are split
    between the stream's beginning and its end at a phase that differs by epoch: window w of epoch e starts at
    phase(e) + w * T with phase(e) in [0, (N - 1) % T], and the left-over pairs of one epoch are seen in
    others. Order and phase are functions of a hash of (seed, epoch), so neighbouring seeds have nothing in
    common, and sample k is window k % E of epoch k // E's order.

    When the block size changes in a run, the epoch and the fraction f of it that is done are kept, rounded
    down to a whole window. The rest of that epoch is drawn from the new size's own order, in which a pair
    seen before the change comes again with probability 1 - f, and one that was not is left out of the epoch
    with probability f. The epochs after it are whole.

    With the option `skip_untrained=True`, windows without a single target that is to be learned never come.
    So that these are the same ones in every epoch, the windows then lie at phase 0 in each: the left-over
    pairs, at the stream's end, are in none.
    """

    resizable = True
    cuts = True

    def __init__(self, context: SamplerContext) -> None:
        check_options("shuffled", context, SKIP_UNTRAINED)
        self._seed = context.seed
        self._block_size = context.block_size
        num_windows, self._left_over = divmod(context.num_tokens - 1, context.block_size)
        self._trained = trained_windows(context, num_windows * context.block_size)
        self._moves = not context.options.get(SKIP_UNTRAINED)
        self._num_windows = self.samples_per_epoch = self._trained.count(num_windows)
        self.counted = self._trained.counted()
        self._epochs: dict[int, tuple[Permutation, int]] = {}

    def starts(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n], one start a sample."""
        return by_epoch(samples, self._num_windows, self._in_epoch)

    def _in_epoch(self, epoch: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        permutation, phase = self._epoch(epoch)
        return self._trained.number(permutation(positions)) * self._block_size + phase

    def _epoch(self, epoch: int) -> tuple[Permutation, int]:
        """The order and the phase of one epoch."""
        found = self._epochs.get(epoch)
        if found is None:
            phase = 0
            if self._moves:
                phase = hash_words("phase", self._seed, epoch)[0] * (self._left_over + 1) >> 64
            found = Permutation(self._num_windows, self._seed, epoch), phase
            # Replaced and not changed, because a prefetching thread may be reading it.
            kept = list(self._epochs.items())[-(_KEPT_EPOCHS - 1) :]
            self._epochs = dict([*kept, (epoch, found)])
        return found
