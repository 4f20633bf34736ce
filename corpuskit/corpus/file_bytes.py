"""A file's bytes as an array: mapped, or read where the system does not map files."""

from __future__ import annotations

import logging
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import StorageError

log = logging.getLogger(__name__)

_READ_BYTES = 2**26


def contents(fd: int, size_bytes: int, *, where: str | Path) -> NDArray[np.uint8]:
    """A read-only array of a file's bytes.

    Some network file systems do not map files, or not so many, and a limit on the address space may not leave
    room for it. The bytes are then read into memory, of which a warning tells. Unlike a map they stay right
    when the file is cut short later.

    Args:
        fd: The open file.
        size_bytes: Its size, more than 0.
        where: What to call it.

    Raises:
        StorageError: If it can be neither mapped nor read as a whole.
    """
    try:
        return np.frombuffer(mmap.mmap(fd, size_bytes, access=mmap.ACCESS_READ), np.uint8)
    except (OSError, ValueError) as error:  # mmap's ValueError: the file is shorter than that
        reason = getattr(error, "strerror", None) or str(error)
    size = f"{size_bytes:,}"
    log.warning("%s: cannot be mapped (%s), so its %s bytes are read into memory", where, reason, size)
    try:
        return _read(fd, size_bytes)
    except (OSError, MemoryError) as error:
        raise StorageError(
            f"{where}: can be neither mapped ({reason}) nor read into memory ({error}); copy the corpus to a "
            "local disk, or raise the limit on memory",
            path=where,
        ) from error


def forget(array: NDArray[Any], start_byte: int, stop_byte: int) -> None:
    """Let the system take back what was read of a mapped array; else it counts as our memory.

    Args:
        array: The array, or a view of it.
        start_byte: The first byte of the file that is not needed any more.
        stop_byte: The one after the last.
    """
    mapped: Any = array
    while isinstance(mapped, np.ndarray):  # a view is of another one
        mapped = mapped.base
    mapped = getattr(mapped, "obj", mapped)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        first = start_byte // mmap.PAGESIZE * mmap.PAGESIZE
        mapped.madvise(mmap.MADV_DONTNEED, first, stop_byte - first)


def _read(fd: int, size_bytes: int) -> NDArray[np.uint8]:
    data = np.empty(size_bytes, np.uint8)
    at = 0
    while at < size_bytes:
        piece = os.pread(fd, min(_READ_BYTES, size_bytes - at), at)
        if not piece:
            raise OSError(f"it ends after {at:,} of {size_bytes:,} bytes")
        data[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
        at += len(piece)
    data.flags.writeable = False
    return data
