"""Windows of a token stream as arrays: the hot path, where no Python runs per row.

The shards are mapped at different addresses of one address space. A window that lies inside a shard is
therefore an item of a single overlapping view that begins at the lowest shard and has a stride of one token,
and one fancy index gathers a whole batch out of any number of shards. On one core that takes 35 us for 64
windows of 1,024 uint16 ids, widening included, where grouping the rows by shard adds some 3 us a shard.
Nothing outside a shard is ever read: `locate` checks every window against its shard's borders first.

A shard without items of its own, whose items are all the stream's fill, costs no memory: one window of the
fill stands for all that lie in it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from corpuskit.arrays import Ints, Tokens
from corpuskit.batches.masking import hide, show
from corpuskit.batches.pages import Pages, keep_freed_memory
from corpuskit.batches.reader import StreamReader
from corpuskit.batches.span_copy import LONG_PIECE, Items, SpanCopy, overlapping
from corpuskit.batches.stream import Stream
from corpuskit.ranges import ranges

#: NumPy refuses views whose size in bytes, overlaps counted, is more than an int64.
_MAX_VIEW_BYTES = 2**62


class WindowReader(StreamReader):
    """Cuts windows and spans out of shards that are all mapped.

    Args:
        stream: The stream.
        length: Items of a window; see `StreamReader`.
        random_access: Whether the windows are anywhere, and not one after another.
    """

    def __init__(self, stream: Stream, length: int, *, random_access: bool = True) -> None:
        super().__init__(stream, length)
        self._shards = [stream.shard(number) for number in range(len(stream.shard_starts) - 1)]
        mapped = [shard for shard in self._shards if shard is not None]
        longest = max(length, LONG_PIECE)
        shards: Sequence[NDArray[Any]] = mapped
        self._is_fill: NDArray[np.bool_] | None = None
        if len(mapped) < len(self._shards):
            self._filler = np.full(longest, stream.fill, stream.dtype)
            self._is_fill = np.array([shard is None for shard in self._shards])
            shards = [self._filler if shard is None else shard for shard in self._shards]
        self._flat, places = _overlay(shards, stream.dtype, longest)
        self._places = places
        self._offsets = places - stream.shard_starts[:-1]
        self._windows = None if self._flat is None else overlapping(self._flat, self._length)
        ends = places + np.array([*map(len, shards)], np.int64)
        self._items = None if self._flat is None else Items(self._flat, ends)
        keep_freed_memory()
        self._pages = Pages(mapped, random_access=random_access)

    def locate(self, starts: Ints, lengths: Ints | int | None = None) -> Ints:
        """A token of the overlapping view for each; for one that crosses shards, `~start`."""
        ends = self._ends(starts, lengths)
        shards = np.searchsorted(self._shard_starts, starts, side="right") - 1
        inside = ends <= self._shard_starts[shards + 1]
        located = starts + self._offsets[shards]
        if self._is_fill is not None:
            in_fill = self._is_fill[shards]
            located[in_fill] = self._places[shards][in_fill]
            inside &= ~in_fill | (ends - starts <= max(self._length, LONG_PIECE))
        if self._flat is None:
            inside[:] = False
        return np.where(inside, located, ~starts)

    def gather(self, located: Ints) -> NDArray[Any]:
        """The windows' items, copied: dtype of the stream, shape (n, length)."""
        if self._windows is not None and (not len(located) or located.min() >= 0):
            began = self._before_reading(located, self._length)
            windows = self._rows(located)
            self._pages.after_reading(began, len(located))
            return windows
        out = np.empty((len(located), self._length), self._dtype)
        crossing = located < 0
        if self._windows is not None:
            out[~crossing] = self._rows(located[~crossing])
        out[crossing] = self._take(~located[crossing, None] + np.arange(self._length))
        return out

    def gather_spans(
        self, located: Ints, lengths: Ints, copy: SpanCopy | None = None
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The items of spans, [sum(lengths)], one span after another, and those after them, [n]; copied."""
        crossing = located < 0
        if self._items is None or crossing.any():
            begins = np.where(crossing, ~located, located)
            return self.gather_items(located, lengths, copy), self._take_mixed(begins + lengths, crossing)
        began = self._before_reading(located, lengths + 1)
        items, last = (
            (copy or SpanCopy(lengths)).copy(self._items, located),
            self._items.flat[located + lengths],
        )
        self._pages.after_reading(began, len(located))
        return items, last

    def gather_items(self, located: Ints, lengths: Ints, copy: SpanCopy | None = None) -> NDArray[Any]:
        """The items of spans, [sum(lengths)], one span after another, copied; none after them is read."""
        crossing = located < 0
        if self._items is None or crossing.any():
            begins = np.where(crossing, ~located, located)
            items = self._take_mixed(ranges(begins, lengths), np.repeat(crossing, lengths))
            return items if copy is None else copy.spread(items)
        began = self._before_reading(located, lengths)
        items = (copy or SpanCopy(lengths)).copy(self._items, located)
        self._pages.after_reading(began, len(located))
        return items

    def _take_mixed(self, positions: Ints, in_stream: NDArray[np.bool_]) -> NDArray[Any]:
        """The items at positions of which some are in the stream, and the others in memory."""
        out = np.empty(len(positions), self._dtype)
        out[in_stream] = self._take(positions[in_stream])
        if self._flat is not None:
            out[~in_stream] = self._flat[positions[~in_stream]]
        return out

    def _rows(self, located: Ints) -> NDArray[Any]:
        assert self._windows is not None
        windows: NDArray[Any] = self._windows[located].view(self._dtype).reshape(len(located), self._length)
        return windows

    def _before_reading(self, located: Ints, lengths: Ints | int) -> float:
        if self._flat is not None and self._pages.asks_ahead:
            itemsize = self._dtype.itemsize
            self._pages.ask_for(self._flat.ctypes.data + located * itemsize, lengths * itemsize)
        return time.perf_counter()

    def _take(self, positions: Ints) -> NDArray[Any]:
        """The items at any positions of the stream, of any shape; grouped by shard."""
        out = np.empty(positions.shape, self._dtype)
        shards = np.searchsorted(self._shard_starts, positions, side="right") - 1
        for number in np.unique(shards):
            here = shards == number
            shard = self._shards[number]
            out[here] = self._fill if shard is None else shard[positions[here] - self._shard_starts[number]]
        return out


def _overlay(
    shards: Sequence[NDArray[Any]], dtype: np.dtype[Any], length: int
) -> tuple[NDArray[Any] | None, Ints]:
    """One view that begins at the lowest shard and reaches over all of them.

    Returns:
        The view, and where each shard begins in it, int64[S]. No view where the shards cannot be reached this
        way, or where views of its runs of `length` items would be too big.
    """
    itemsize = dtype.itemsize
    places = np.zeros(len(shards), np.int64)
    filled = [number for number, shard in enumerate(shards) if len(shard)]
    addresses = {number: shards[number].ctypes.data for number in filled}
    lowest = min(filled, key=addresses.__getitem__)
    distances = {number: address - addresses[lowest] for number, address in addresses.items()}
    span = max(distance // itemsize + len(shards[number]) for number, distance in distances.items())
    reachable = all(
        distances[number] % itemsize == 0 and shards[number].flags.c_contiguous for number in filled
    )
    if not reachable or span * length * itemsize > _MAX_VIEW_BYTES:
        return None, places
    for number, distance in distances.items():
        places[number] = distance // itemsize
    return as_strided(shards[lowest], (span,), (itemsize,), writeable=False), places


def widen(
    windows: Tokens, learned: NDArray[np.uint8] | None = None, num_ids: int | None = None
) -> tuple[Ints, Ints]:
    """Two contiguous int64 (n, T), x and y, from windows of T + 1 ids; y is x shifted by one token.

    Args:
        windows: The windows' ids, (n, T + 1); with `learned`, what is in them afterwards is of no use.
        learned: Of each id, (n, T + 1), 1 if it is to be learned as a target, and 0 if y is -100 there.
        num_ids: What all ids are below, if that is known.

    Example:
        >>> x, y = widen(np.array([[1, 2, 3]], dtype=np.uint16))
        >>> x.tolist(), y.tolist()
        ([[1, 2]], [[2, 3]])
    """
    x = windows[:, :-1].astype(np.int64)
    if learned is None:
        return x, windows[:, 1:].astype(np.int64)
    return x, show(hide(windows, learned, num_ids)[:, 1:])
