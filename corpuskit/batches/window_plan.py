"""Which windows a step reads: sample numbers of this rank, turned into windows for many steps at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints


class Rows(Protocol):
    """What a run of samples reads; slicing gives that of some of them."""

    def cut(self: _Rows, start: int, stop: int) -> _Rows:
        """Rows `start` to `stop`."""
        ...

    def num_pieces(self) -> int:
        """How many pieces the rows are in, which is what they take in memory."""
        ...

    def all_padding(self) -> NDArray[np.bool_]:
        """bool[n]: whether a row is nothing but padding."""
        ...


_Rows = TypeVar("_Rows", bound=Rows)

#: A block of steps holds about so many samples: enough that a sampler's fixed cost, some 50 NumPy calls,
#: disappears, and few enough that the first batch after a jump is there in well under a millisecond.
BLOCK_SAMPLES = 8192

#: Nor does a block grow that has so many documents or spans, of some 50 bytes each while they are worked out.
_BLOCK_PIECES = 2**17


@dataclasses.dataclass(frozen=True, slots=True)
class RankSlice:
    """The part of each global batch that one rank reads.

    Args:
        batch_size: B, rows of the global batch.
        rank: This rank.
        world_size: Ranks in all; B is a multiple of it.
    """

    batch_size: int
    rank: int = 0
    world_size: int = 1

    @property
    def rows(self) -> int:
        """Rows of this rank's batch."""
        return self.batch_size // self.world_size

    def run(self, first_sample: int) -> range:
        """This rank's samples of the batch that begins at one of the global order."""
        first = first_sample + self.rank * self.rows
        return range(first, first + self.rows)

    def samples(self, first_sample: int, *, steps: int = 1, stride: int = 1) -> Ints:
        """int64[steps * rows]: this rank's samples of every `stride`-th step from `first_sample` on."""
        hop = self.batch_size * stride
        firsts = first_sample + self.rank * self.rows + hop * np.arange(steps, dtype=np.int64)
        return (firsts[:, None] + np.arange(self.rows)).ravel()


@dataclasses.dataclass(frozen=True, slots=True)
class _Block(Generic[_Rows]):
    first_sample: int
    steps: int
    rows: _Rows


class WindowPlan(Generic[_Rows]):
    """Remembers the windows of the coming steps.

    A step that follows the remembered ones has the next block computed at once, twice as long each time up to
    a limit; any other step has its own windows computed and nothing more, so random access stays cheap.
    Threads may share a plan: they replace the block, and never change it.

    Args:
        part: This rank's slice of each batch.
        resolve: From sample numbers to rows.
        stride: Every how many steps this process reads one; DataLoader workers take turns.
        most_samples: How many samples of the global order a block reaches at most, a step excepted.
        end: No sample from here on is in a block; None is without end.
    """

    def __init__(
        self,
        part: RankSlice,
        resolve: Callable[[Ints], _Rows],
        *,
        stride: int = 1,
        most_samples: int | None = None,
        end: int | None = None,
    ) -> None:
        self.part = part
        self._end = end
        self._resolve = resolve
        self._stride = stride
        self._hop = part.batch_size * stride
        self._most_steps = max(1, BLOCK_SAMPLES // part.rows)
        if most_samples is not None:
            self._most_steps = max(1, min(self._most_steps, most_samples // self._hop))
        self._block: _Block[_Rows] | None = None

    def rows(self, first_sample: int) -> _Rows:
        """This rank's rows of the batch that begins at a sample of the global order."""
        block = self._block
        at, rest = divmod(first_sample - block.first_sample, self._hop) if block else (0, 0)
        if block is None or rest or not 0 <= at < block.steps:
            follows = block is not None and not rest and at == block.steps
            steps = self._steps_after(block, first_sample) if follows and block else 1
            samples = self.part.samples(first_sample, steps=steps, stride=self._stride)
            block = self._block = _Block(first_sample, steps, self._resolve(samples))
            at = 0
        return block.rows.cut(at * self.part.rows, (at + 1) * self.part.rows)

    def _steps_after(self, block: _Block[_Rows], first_sample: int) -> int:
        steps = block.steps
        if 2 * block.rows.num_pieces() <= _BLOCK_PIECES:
            steps = min(2 * block.steps, self._most_steps)
        return steps if self._end is None else max(1, min(steps, -(-(self._end - first_sample) // self._hop)))
