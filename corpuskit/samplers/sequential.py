"""Windows in the stream's order, for evaluation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError
from corpuskit.samplers.base import Sampler, SamplerContext, Spans, SpanSampler, check_options


def open_sequential(context: SamplerContext) -> Sampler | SpanSampler:
    """The sampler for one of the two policies for the tail, the option `tail`.

    An epoch is one pass and a whole number of batches, so a pass never runs into the next one:

    - `"drop"`, the default, leaves out what does not fill a batch: the last tokens that do not fill a window,
      fewer than T, and then the last windows that do not fill a batch, fewer than B. Every target is real.
    - `"pad"` leaves out nothing: every token of the split but the first is a target exactly once a pass. What
      is missing from the last window and the last batch is padding: 0 in x, -100 in y, which
      torch.nn.functional.cross_entropy ignores.

    Raises:
        ConfigError: If the policy is unknown, or dropping would leave no batch.
    """
    check_options("sequential", context, "tail")
    tail = context.options.get("tail", "drop")
    if tail == "drop":
        return DroppedTail(context)
    if tail == "pad":
        return PaddedTail(context)
    raise ConfigError(f"sampler option tail = {tail!r}: must be 'drop' or 'pad'", found=tail)


class DroppedTail(Sampler):
    """Window k of a pass starts at k * T; the windows that do not fill a batch are left out."""

    in_order = True  # windows follow each other, so the system may read ahead
    seeded = False

    def __init__(self, context: SamplerContext) -> None:
        self._block_size = context.block_size
        num_windows = (context.num_tokens - 1) // context.block_size
        self._per_pass = num_windows - num_windows % context.batch_size
        self.samples_per_epoch = self._per_pass
        if not self._per_pass:
            raise ConfigError(
                f"{num_windows:,} windows of block_size {context.block_size:,} do not fill a batch of "
                f"{context.batch_size:,}; choose a smaller batch_size, or sampler_options={{'tail': 'pad'}}",
                expected=context.batch_size,
                found=num_windows,
            )

    def starts(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n], one start a sample."""
        return samples % self._per_pass * self._block_size


class PaddedTail(SpanSampler):
    """Window k of a pass starts at k * T; the last one may be short, and rows after it are empty."""

    in_order = True
    seeded = False

    def __init__(self, context: SamplerContext) -> None:
        self._num_targets = context.num_tokens - 1
        self._block_size = context.block_size
        num_windows = -(-self._num_targets // context.block_size)
        self._per_pass = -(-num_windows // context.batch_size) * context.batch_size
        self.samples_per_epoch = self._per_pass

    def spans(self, samples: NDArray[np.int64]) -> Spans:
        """One span a row, and none in the rows that fill the last batch."""
        starts = samples % self._per_pass * self._block_size
        lengths = np.clip(self._num_targets - starts, 0, self._block_size)
        filled = lengths > 0
        first = np.concatenate(([0], np.cumsum(filled, dtype=np.int64)))
        return Spans(first, starts[filled], lengths[filled])
