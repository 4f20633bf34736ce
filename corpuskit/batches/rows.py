"""From sample numbers to x and y in NumPy: the sampler's answer, located in memory, gathered and widened."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from corpuskit.batches.windows import WindowReader, widen
from corpuskit.samplers.base import Sampler

Ints = NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True)
class WindowRows:
    """Rows that are single windows: where they start in the stream, and where they are in memory."""

    starts: Ints
    located: Ints

    def cut(self, start: int, stop: int) -> WindowRows:
        """Rows `start` to `stop`."""
        return WindowRows(self.starts[start:stop], self.located[start:stop])


class WindowSource:
    """Rows of a sampler that gives starts."""

    def __init__(self, sampler: Sampler, reader: WindowReader) -> None:
        self._sampler = sampler
        self._reader = reader

    def resolve(self, samples: Ints) -> WindowRows:
        """The rows of samples."""
        starts = self._sampler.starts(samples)
        return WindowRows(starts, self._reader.locate(starts))

    def read(self, rows: WindowRows) -> tuple[Ints, Ints]:
        """Read x and y, int64 (n, T), contiguous and the caller's own."""
        return widen(self._reader.gather(rows.located))
