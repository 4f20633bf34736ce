"""Windows in the stream's order, for evaluation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import Sampler, SamplerContext, Spans, SpanSampler, check_options
from corpuskit.samplers.segment_bounds import most_in_window
from corpuskit.samplers.trained import SKIP_UNTRAINED, trained_windows


def open_sequential(context: SamplerContext) -> Sampler | SpanSampler:
    """The sampler for one of the two policies for the tail, the option `tail`.

    An epoch is one pass and a whole number of batches, so a pass never runs into the next one:

    - `"drop"`, the default, leaves out what does not fill a batch: the last tokens that do not fill a window,
      fewer than T, and then the last windows that do not fill a batch, fewer than B. Every target is real.
    - `"pad"` leaves out nothing: every token of the split but the first is a target exactly once a pass. What
      is missing from the last window and the last batch is padding: 0 in x, -100 in y, which
      torch.nn.functional.cross_entropy ignores.

    With the option `skip_untrained=True`, windows without a single target that is to be learned never come:
    a pass is made of the others.

    Raises:
        ConfigError: If the policy is unknown, or dropping would leave no batch.
    """
    check_options("sequential", context, "tail", SKIP_UNTRAINED)
    tail = context.options.get("tail", "drop")
    if tail == "drop":
        return DroppedTail(context)
    if tail == "pad":
        return PaddedTail(context)
    raise ConfigError(f"sampler option tail = {tail!r}: must be 'drop' or 'pad'", found=tail)


class DroppedTail(Sampler):
    """Window k of the stream starts at k * T; the windows that do not fill a batch are left out."""

    in_order = True  # windows follow each other, so the system may read ahead
    seeded = False
    cuts = True

    def __init__(self, context: SamplerContext) -> None:
        self._block_size = context.block_size
        whole = (context.num_tokens - 1) // context.block_size
        self._trained = trained_windows(context, whole * context.block_size)
        num_windows = self._trained.count(whole)
        self._per_pass = num_windows - num_windows % context.batch_size
        self.samples_per_epoch = self._per_pass
        self.counted = self._trained.counted()
        if not self._per_pass:
            smaller = "batch_size" if num_windows else "block_size"
            raise ConfigError(
                f"{num_windows:,} windows of block_size {context.block_size:,} do not fill a batch of "
                f"{context.batch_size:,}; choose a smaller {smaller}, or sampler_options={{'tail': 'pad'}}",
                expected=context.batch_size,
                found=num_windows,
            )

    def starts(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n], one start a sample."""
        return self._trained.number(samples % self._per_pass) * self._block_size


class PaddedTail(SpanSampler):
    """Window k of the stream starts at k * T; the last one may be short, and rows after it are empty."""

    in_order = True
    seeded = False
    cuts = True

    def __init__(self, context: SamplerContext) -> None:
        self._num_targets = context.num_tokens - 1
        self._block_size = context.block_size
        self._trained = trained_windows(context, self._num_targets)
        self._num_windows = self._trained.count(-(-self._num_targets // context.block_size))
        self._per_pass = -(-self._num_windows // context.batch_size) * context.batch_size
        self.samples_per_epoch = self._per_pass
        self.counted = self._trained.counted()

    def spans(self, samples: NDArray[np.int64]) -> Spans:
        """One span a row, and none in the rows that fill the last batch."""
        windows = samples % self._per_pass
        filled = windows < self._num_windows
        starts = self._trained.number(windows[filled]) * self._block_size
        lengths = np.minimum(self._num_targets - starts, self._block_size)
        return Spans(np.concatenate(([0], np.cumsum(filled, dtype=np.int64))), starts, lengths)

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """The most that any window is in, and padding."""
        most = most_in_window(ends(), block_size, longest, more=1)
        return np.full(num_rows, most, np.int64)
