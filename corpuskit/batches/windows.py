"""Windows of a token stream as arrays: the hot path, where no Python runs per row.

The shards are mapped at different addresses of one address space. A window that lies inside a shard is
therefore an item of a single overlapping view that begins at the lowest shard and has a stride of one token,
and one fancy index gathers a whole batch out of any number of shards. On one core that takes 35 us for 64
windows of 1,024 uint16 ids, widening included, where grouping the rows by shard adds some 3 us a shard.
Nothing outside a shard is ever read: `locate` checks every window against its shard's borders first.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from corpuskit.batches.pages import Pages, keep_freed_memory
from corpuskit.batches.ranges import ranges
from corpuskit.batches.stream import Tokens, TokenStream

Ints = NDArray[np.int64]

#: NumPy refuses views whose size in bytes, overlaps counted, is more than an int64.
_MAX_VIEW_BYTES = 2**62


class WindowReader:
    """Cuts windows of `block_size + 1` tokens, and spans of any length, out of a stream.

    Args:
        stream: The tokens.
        block_size: T.
        random_access: Whether the windows are anywhere, and not one after another.
    """

    def __init__(self, stream: TokenStream, block_size: int, *, random_access: bool = True) -> None:
        self._length = block_size + 1
        self._dtype = stream.dtype
        self._shard_starts = stream.shard_starts
        self._shards = [stream.shard(number) for number in range(len(stream.shard_starts) - 1)]
        self._flat, self._windows, self._offsets = _overlay(self._shards, stream, self._length)
        keep_freed_memory()
        self._pages = Pages(self._shards, random_access=random_access)

    def locate(self, starts: Ints, lengths: Ints | int | None = None) -> Ints:
        """Where windows or spans are in this process's memory; worked out once for many batches.

        Args:
            starts: int64[n], where they start in the stream.
            lengths: Tokens of each, y's last one included; by default T + 1.

        Returns:
            int64[n], a token of the overlapping view; for one that crosses shards, `~start`.

        Raises:
            IndexError: If one does not lie in the stream.
        """
        ends = starts + (self._length if lengths is None else lengths)
        if len(starts) and not 0 <= starts.min() <= ends.max() <= self._shard_starts[-1]:
            raise IndexError(
                f"windows from {starts.min():,} to {ends.max():,} are outside a stream of "
                f"{self._shard_starts[-1]:,} tokens"
            )
        shards = np.searchsorted(self._shard_starts, starts, side="right") - 1
        inside = ends <= self._shard_starts[shards + 1]
        if self._flat is None:
            inside[:] = False
        return np.where(inside, starts + self._offsets[shards], ~starts)

    def gather(self, located: Ints) -> Tokens:
        """The windows' ids, copied: dtype of the stream, shape (n, T + 1)."""
        if self._windows is not None and (not len(located) or located.min() >= 0):
            began = self._before_reading(located, self._length)
            windows = self._rows(located)
            self._pages.after_reading(began, len(located))
            return windows
        out = np.empty((len(located), self._length), self._dtype)
        crossing = located < 0
        if self._windows is not None:
            out[~crossing] = self._rows(located[~crossing])
        out[crossing] = self.take(~located[crossing, None] + np.arange(self._length))
        return out

    def gather_spans(self, located: Ints, lengths: Ints) -> tuple[Ints, Ints]:
        """The ids of spans, one span after another, and the ids after them: two int64[sum(lengths)]."""
        crossing = located < 0
        begins = np.where(crossing, ~located, located)
        positions, nexts = ranges(begins, lengths), begins + lengths
        if self._flat is not None and not crossing.any():
            began = self._before_reading(located, lengths + 1)
            x, last = self._flat[positions].astype(np.int64), self._flat[nexts]
            self._pages.after_reading(began, len(located))
        else:
            x = self._take_mixed(positions, np.repeat(crossing, lengths)).astype(np.int64)
            last = self._take_mixed(nexts, crossing)
        y = np.empty_like(x)
        y[:-1] = x[1:]
        y[np.cumsum(lengths) - 1] = last
        return x, y

    def _take_mixed(self, positions: Ints, in_stream: NDArray[np.bool_]) -> Tokens:
        """The ids at positions of which some are in the stream, and the others in memory."""
        out = np.empty(len(positions), self._dtype)
        out[in_stream] = self.take(positions[in_stream])
        if self._flat is not None:
            out[~in_stream] = self._flat[positions[~in_stream]]
        return out

    def _rows(self, located: Ints) -> Tokens:
        assert self._windows is not None
        windows: Tokens = self._windows[located].view(self._dtype).reshape(len(located), self._length)
        return windows

    def _before_reading(self, located: Ints, lengths: Ints | int) -> float:
        if self._flat is not None and self._pages.asks_ahead:
            itemsize = self._dtype.itemsize
            self._pages.ask_for(self._flat.ctypes.data + located * itemsize, lengths * itemsize)
        return time.perf_counter()

    def take(self, positions: Ints) -> Tokens:
        """The ids at any positions of the stream, of any shape; grouped by shard."""
        out = np.empty(positions.shape, self._dtype)
        shards = np.searchsorted(self._shard_starts, positions, side="right") - 1
        for number in np.unique(shards):
            here = shards == number
            out[here] = self._shards[number][positions[here] - self._shard_starts[number]]
        return out


def _overlay(
    shards: list[Tokens], stream: TokenStream, length: int
) -> tuple[Tokens | None, NDArray[np.void] | None, Ints]:
    """One view that begins at the lowest shard and reaches over all of them.

    Returns:
        The view as single tokens; as windows of `length` tokens, each one item of bytes, which NumPy copies
        in two thirds of the time that it takes for a row of tokens; and what to add to a position in the
        stream to get its place in them, int64[S]. No view where the shards cannot be reached this way.
    """
    itemsize = stream.dtype.itemsize
    offsets = np.zeros(len(shards), np.int64)
    filled = [number for number, shard in enumerate(shards) if len(shard)]
    addresses = {number: shards[number].ctypes.data for number in filled}
    lowest = min(filled, key=addresses.__getitem__)
    distances = {number: address - addresses[lowest] for number, address in addresses.items()}
    span = max(distance // itemsize + len(shards[number]) for number, distance in distances.items())
    reachable = all(
        distances[number] % itemsize == 0 and shards[number].flags.c_contiguous for number in filled
    )
    if not reachable or span * length * itemsize > _MAX_VIEW_BYTES:
        return None, None, offsets
    for number, distance in distances.items():
        offsets[number] = distance // itemsize - stream.shard_starts[number]
    flat = as_strided(shards[lowest], (span,), (itemsize,), writeable=False)
    if span < length:
        return flat, None, offsets
    shape = (span - length + 1, length)
    windows = as_strided(shards[lowest], shape, (itemsize, itemsize), writeable=False)
    return flat, windows.view(f"V{length * itemsize}")[:, 0], offsets


def widen(windows: Tokens) -> tuple[Ints, Ints]:
    """Two contiguous int64 (n, T), x and y, from windows of T + 1 ids; y is x shifted by one token.

    Example:
        >>> x, y = widen(np.array([[1, 2, 3]], dtype=np.uint16))
        >>> x.tolist(), y.tolist()
        ([[1, 2]], [[2, 3]])
    """
    return windows[:, :-1].astype(np.int64), windows[:, 1:].astype(np.int64)
