"""Advice to the system about the mapped shards: what is read next, and what need not stay resident.

Measured on a 4 GB corpus on a virtual disk, 64 windows of 1,024 uint16 ids, one core:

- Nothing in the page cache: 32 ms a batch as mapped, because the system reads ahead what nobody wants; 8.5 ms
  with MADV_RANDOM, page by page; 0.9 ms with MADV_RANDOM and MADV_WILLNEED for each window first, because the
  disk then has all of them to work on at once (1.3 ms through `Batches`). os.pread of each window: 5.2 ms.
- All in the page cache: 0.2 ms a batch while pages are mapped for the first time, 0.04 ms after that. Asking
  for each window first would cost 0.1 ms more, so it is done only after a batch that was slow and had pages
  read from the disk for it; a batch may be slow because the machine is busy, too.
- Pages that were touched count as the process's own, 27 times the windows' size because the system maps what
  it has around each, from 64 KB to 2 MB (1.4 GB after 50 MB of windows). Letting go of them bounds that
  (MADV_DONTNEED; they stay in the page cache), and costs the 0.2 ms again. Over 100,000 batches from all of
  20 GB the process held 155 to 157 MB of its own, torch included, and at most 1.16 GB of the files
  (`python tests/benchmarks/batches.py --memory 20`).
"""

from __future__ import annotations

import mmap
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpuskit.arrays import Ints, Tokens

#: Pages of the shards that may be resident in this process before they are let go of.
RESIDENT_LIMIT_BYTES = 2**30

# The most that the system maps at one fault: a huge page.
_MAPPED_AT_ONCE_BYTES = 2**21
_STATM = Path("/proc/self/statm")
# A window that takes longer than this waited for a disk: from memory it takes 1 to 4 us.
_SLOW_WINDOW_S = 25e-6
_ASK_AHEAD_BATCHES = 64
# Of a slow batch, the part of the windows that must have had a page read for them.
_COLD_WINDOWS = 1 / 16


class Pages:
    """The mapped pages of some shards.

    Shards that are not read-only maps of files, such as arrays in memory, are left alone.

    Args:
        shards: Their ids.
        random_access: Whether windows are read here and there, and not one after another.
        limit_bytes: How much may stay resident.
    """

    def __init__(
        self,
        shards: Sequence[Tokens],
        *,
        random_access: bool = True,
        limit_bytes: int = RESIDENT_LIMIT_BYTES,
    ) -> None:
        found = [(shard.ctypes.data, shard.nbytes, mapped) for shard in shards if (mapped := _map_of(shard))]
        found.sort(key=lambda each: each[0])
        self._addresses = np.array([address for address, _, _ in found], np.int64)
        self._sizes = np.array([size for _, size, _ in found], np.int64)
        self._maps = [mapped for _, _, mapped in found]
        self._limited = int(self._sizes.sum()) > limit_bytes
        self._limit_bytes = limit_bytes
        self._resident_before = resident_file_bytes()
        self._windows_until_look = 0
        self._ask_ahead = 0
        self._faults_before = major_faults()
        if random_access and hasattr(mmap, "MADV_RANDOM"):
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_RANDOM)

    @property
    def asks_ahead(self) -> bool:
        """Whether `ask_for` is worth its cost for the next batch."""
        return self._ask_ahead > 0

    def ask_for(self, addresses: Ints, sizes: Ints | int) -> None:
        """Ask for windows' pages before they are read: one system call each.

        Args:
            addresses: int64[n], where the windows begin in memory; those in none of the maps are left alone.
            sizes: Their bytes.
        """
        self._ask_ahead -= 1
        if not self._maps or not hasattr(mmap, "MADV_WILLNEED"):
            return
        numbers = np.searchsorted(self._addresses, addresses, side="right") - 1
        offsets = addresses - self._addresses[numbers]
        firsts = offsets - offsets % mmap.PAGESIZE
        inside = (offsets >= 0) & (offsets < self._sizes[numbers])
        ranges = np.column_stack((numbers, firsts, offsets + sizes - firsts))[inside].tolist()
        for number, first, size in ranges:
            self._maps[number].madvise(mmap.MADV_WILLNEED, first, size)

    def after_reading(self, began: float, num_windows: int) -> None:
        """Take note that so many windows were read since `began`."""
        if self._maps and time.perf_counter() - began > _SLOW_WINDOW_S * num_windows:
            faults, self._faults_before = major_faults() - self._faults_before, major_faults()
            if faults > num_windows * _COLD_WINDOWS:
                self._ask_ahead = _ASK_AHEAD_BATCHES
        if self._limited:
            self._windows_until_look -= num_windows
            if self._windows_until_look <= 0:
                self._look()

    def let_go(self) -> None:
        """Have the process's pages of the shards be the page cache's alone."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_DONTNEED)

    def _look(self) -> None:
        """Let go if too much is resident, and find out when to look again; a look takes 5 us."""
        left = self._limit_bytes - (resident_file_bytes() - self._resident_before)
        if left <= 0:
            self.let_go()
            self._resident_before = resident_file_bytes()
            left = self._limit_bytes
        self._windows_until_look = left // _MAPPED_AT_ONCE_BYTES


def keep_freed_memory() -> None:
    """Have glibc keep the memory of freed batches for the next ones, up to some 64 MB.

    Its malloc gives freed memory back to the system above a threshold that begins at 128 KB and follows the
    largest block that was freed. A batch is above it, so every batch of 64 x 1024 with documents would have
    448 pages faulted in anew (0.7 ms a batch instead of 0.2). Freeing one block of 31 MB, which is never
    touched and costs nothing, raises the threshold for good. Other allocators are not affected.
    """
    np.empty(31 * 2**20, np.uint8)


def resident_file_bytes() -> int:
    """Pages of files that this process has mapped and in memory; 0 where the system does not tell."""
    try:
        return int(_STATM.read_bytes().split()[2]) * mmap.PAGESIZE
    except OSError:
        return 0


def major_faults() -> int:
    """How often this thread has waited for a page to be read; the process, where that is not known."""
    who = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)
    return resource.getrusage(who).ru_majflt


def _map_of(shard: Tokens) -> mmap.mmap | None:
    """The map that an array is a view of from its first byte on, if it is a read-only one of a file."""
    if shard.flags.writeable:
        return None  # letting go of private pages would lose what was written to them
    base: Any = shard
    while isinstance(base, (np.ndarray, memoryview)):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if not isinstance(base, mmap.mmap) or base.closed:
        return None
    begins = np.frombuffer(base, np.uint8).ctypes.data == shard.ctypes.data
    return base if begins else None
