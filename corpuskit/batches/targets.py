"""Which targets are to be learned, and how many rows have none."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.rows import RowSource
from corpuskit.value_streams import LOSS


class TargetWatch:
    """Counts the rows without a single target, and warns of the first. Threads may share it.

    Args:
        batch_size: B, rows of a batch over all ranks.

    Attributes:
        rows: How many such rows there were.
    """

    def __init__(self, batch_size: int) -> None:
        self.rows = 0
        self._batch_size = batch_size
        self._lock = threading.Lock()

    def saw(self, samples: Sequence[int] | Ints) -> None:
        """Count the rows of these samples, which have no target."""
        with self._lock:
            is_first, self.rows = not self.rows, self.rows + len(samples)
        if is_first:
            sample = int(samples[0])
            warnings.warn(
                f"step {sample // self._batch_size:,} has a row without a single target to be learned, of "
                f"sample {sample:,}, and others may follow: batches.rows_without_targets counts them, and "
                "sampler_options={'skip_untrained': True} leaves them out of the order",
                stacklevel=2,
            )


class Targets:
    """Which targets of rows are to be learned, as the stream "loss" says.

    Args:
        source: Reads the rows, and that stream beside them.
        watch: Hears of rows without a target; None if nobody wants to.
    """

    def __init__(self, source: RowSource[Any], watch: TargetWatch | None = None) -> None:
        self._source = source
        self._watch = watch

    def learned(
        self, rows: Any, samples: Sequence[int] | Ints, foreign: Ints | None
    ) -> NDArray[np.uint8] | None:
        """1 for each target that is to be learned, else 0: (n, T); None if all are.

        Args:
            rows: The rows.
            samples: Their numbers in the order.
            foreign: Places of the flat y that are not to be learned either, if there are any.
        """
        learned = self._source.values(rows, LOSS, padding=0)
        if foreign is not None:
            learned.reshape(-1)[foreign] = 0
        if learned.size and learned.min():
            return None
        if self._watch is not None and not (most := learned.max(axis=1)).all():
            self._watch.saw(np.asarray(samples)[most == 0])
        ones: NDArray[np.uint8] = (learned != 0).view(np.uint8)
        return ones


__all__ = ["TargetWatch", "Targets"]
