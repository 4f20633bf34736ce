"""Files that the system keeps in memory, and having it let go of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

#: A file is looked at in so many places.
_PLACES = 64
#: If more of those are in memory, the file is not cold.
_WARM_SHARE = 0.1


def drop(paths: Iterable[Path]) -> bool:
    """Have the system forget files; False if it does not, or cannot tell.

    It keeps what a process has mapped and read, and whole file systems that are in memory.

    Args:
        paths: The files.
    """
    if not hasattr(os, "posix_fadvise"):
        return False
    dropped = [_drop(path) for path in paths]
    return all(dropped)


def _drop(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        size = os.fstat(fd).st_size
        offsets = range(0, size, max(1, size // _PLACES))
        return sum(_is_in_memory(fd, offset) for offset in offsets) <= _WARM_SHARE * len(offsets)
    finally:
        os.close(fd)


def _is_in_memory(fd: int, offset: int) -> bool:
    """Whether a byte can be read at once; asking does not bring it in. What cannot tell is said to be."""
    flag = getattr(os, "RWF_NOWAIT", None)
    if flag is None:
        return True
    try:
        return os.preadv(fd, [bytearray(1)], offset, flag) > 0
    except BlockingIOError:
        return False
    except OSError:  # a file system that does not know the question
        return True


__all__ = ["drop"]
