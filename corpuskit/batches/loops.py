"""Which loop over a dataset is running, counted in memory that its processes share.

A DataLoader's workers cannot see how far the main process is, nor it them. What all of them can know is how
many loops were begun: a loop is one `iter` of the dataset in each worker, and workers of one loop are told
the same seed, which the DataLoader draws anew whenever it starts some. Workers that live on keep theirs, and
take the loops in turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator

import torch
from torch.utils.data import get_worker_info

#: Of this many loops it is known who began them: more are never begun at the same time.
_RECENT = 8
#: Workers of a DataLoader at most.
_MAX_WORKERS = 256


class Loops:
    """Counts the loops over a dataset, in whichever processes they run: those that it is sent to share it.

    Args:
        following: The number of the loop that is begun next.
    """

    def __init__(self, following: int = 0) -> None:
        # The next loop's number, how many were begun, three numbers for each of the last ones, and for each
        # worker how many had been begun when it began its last.
        shared = torch.zeros(2 + 3 * _RECENT + _MAX_WORKERS, dtype=torch.int64)
        shared[0] = following
        self._shared: torch.Tensor = shared.share_memory_()  # type: ignore[no-untyped-call]

    @property
    def following(self) -> int:
        """The number of the loop that is begun next."""
        return int(self._shared[0])

    @following.setter
    def following(self, number: int) -> None:
        self._shared[0] = number

    def begin(self) -> int:
        """The number of the loop that this process begins; all workers of a DataLoader's loop begin one."""
        info = get_worker_info()
        with _alone():
            if info is None:
                return self._count()
            seed = info.seed - info.id
            recent, own = self._shared[2 : 2 + 3 * _RECENT].view(-1, 3), self._shared[2 + 3 * _RECENT :]
            last = int(own[info.id])
            others: list[list[int]] = recent.tolist()
            # Of the loops of its seed, the first that it has not begun.
            joined = sorted([count, number] for key, count, number in others if key == seed and count > last)
            if not joined:
                number = self._count()
                joined = [[int(self._shared[1]), number]]
                recent[joined[0][0] % _RECENT] = torch.tensor([seed, *joined[0]])
            own[info.id], number = joined[0]
            return number

    def _count(self) -> int:
        number = int(self._shared[0])
        self._shared[:2] += 1
        return number


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes of this machine out for some microseconds; where that fails, nobody waits."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder = os.open(tempfile.gettempdir(), os.O_RDONLY)
            stack.callback(os.close, folder)  # which gives it free
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
