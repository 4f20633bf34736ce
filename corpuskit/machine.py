"""What this machine gives the process: memory and cores."""

from __future__ import annotations

import ctypes
import os
import sys


def resident_bytes() -> int:
    """What the process holds in memory; 0 where the system does not say it cheaply."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - measured: 10 us less than pathlib
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def give_back() -> None:
    """Return to the system what was used and is free, where it can be; takes under a millisecond.

    After a fork, free memory that both processes have is a page to copy and not a free page. It also hides
    growth: what the child puts there does not count as more.
    """
    if sys.platform == "linux" and (malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        malloc_trim(0)


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
