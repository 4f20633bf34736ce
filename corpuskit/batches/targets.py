"""Which targets are to be learned, and how many rows have none."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.rows import RowSource
from corpuskit.batches.schedule import Schedule

#: What modules are called whose lines say nothing to a user.
_NOT_THE_USERS = ("corpuskit", "threading", "concurrent.", "multiprocessing", "torch.")


class TargetWatch:
    """Counts the rows without a single target, and warns of the first. Threads may share it.

    Args:
        batch_size: B, rows of a batch over all ranks.
        schedule: How that changes along the run; None where it does not.

    Attributes:
        rows: How many such rows there were.
    """

    def __init__(self, batch_size: int, schedule: Schedule | None = None) -> None:
        self.rows = 0
        self._batch_size, self._schedule = batch_size, schedule
        self._lock = threading.Lock()

    def saw(self, samples: Sequence[int] | Ints) -> None:
        """Count the rows of these samples, which have no target."""
        if not len(samples):
            return
        with self._lock:
            is_first, self.rows = not self.rows, self.rows + len(samples)
        if is_first:
            sample = int(samples[0])
            schedule = self._schedule
            step = sample // self._batch_size if schedule is None else schedule.step_of(sample)
            warnings.warn(
                f"step {step:,} has a row without a single target to be learned, of "
                f"sample {sample:,}, and others may follow; of a batch of such rows alone the mean loss is "
                "NaN: batches.rows_without_targets counts them, and sampler_options={'skip_untrained': "
                "True} leaves them out of the order",
                stacklevel=_users_level(),
            )


def _users_level() -> int:
    """How far up the stack the user's line is, as `warnings` counts; past its end where a thread has none."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and (frame := frame.f_back) is not None:
        if not frame.f_globals.get("__name__", "").startswith(_NOT_THE_USERS):
            break
        level += 1
    return level


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
        """What `read` is told of rows: 1 for a target that is to be learned, else 0; None if all are.

        Args:
            rows: The rows.
            samples: Their numbers in the order.
            foreign: Places of the flat y that are not to be learned either, if there are any.
        """
        learned = self._source.learned(rows)
        block_size = self._source.block_size
        of_y = learned[:, learned.shape[1] - block_size :]
        if foreign is not None:
            is_wide = learned.shape[1] > block_size
            learned.reshape(-1)[foreign + foreign // block_size + 1 if is_wide else foreign] = 0
        if not len(learned) or (0 not in learned[0].tobytes() and learned.all()):
            return None
        # One byte a row, which methods of bytes look into faster than arrays do.
        found = np.bitwise_or.reduce(of_y, axis=1).tobytes()
        if 0 in found and self._watch is not None:
            without = (np.frombuffer(found, np.uint8) == 0) & ~rows.all_padding()
            self._watch.saw(np.asarray(samples)[without])
        if found.strip(b"\0\1"):  # other numbers than 0 and 1
            learned = (learned != 0).view(np.uint8)
        return learned


__all__ = ["TargetWatch", "Targets"]
