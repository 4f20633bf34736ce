"""Opening files that somebody else may have put there: regular files only, and without waiting.

A named pipe would keep `open` waiting for a writer, and a device may never end. A link in the place of a file
could name any file of the machine.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable
from typing import BinaryIO

#: Little enough to stay in the processor's cache while it is hashed.
_HASH_BYTES = 2**18
_FOLLOWING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_WAYS = _FOLLOWING | os.O_NOFOLLOW
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotAFile(OSError):
    """Something else than a regular file has the name; `strerror` says what."""

    def __init__(self, found: str) -> None:
        super().__init__(errno.EINVAL, f"it is {found}, not a file")


class TooLarge(OSError):
    """A file has more bytes than are read; `strerror` says how many that are."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(errno.EFBIG, f"larger than {max_bytes:,} bytes")


def open_file(path: str | os.PathLike[str], *, dir_fd: int | None = None, follow: bool = False) -> int:
    """Open a regular file for reading, without waiting for anybody.

    Args:
        path: The file.
        dir_fd: The open folder that `path` is relative to.
        follow: Whether it may be a link, as what a user names may.

    Returns:
        The descriptor, which the caller closes.

    Raises:
        NotAFile: If it is a link, a named pipe, a socket, a device or a folder.
        OSError: If it cannot be opened.
    """
    return open_sized(path, dir_fd=dir_fd, follow=follow)[0]


def open_sized(
    path: str | os.PathLike[str], *, dir_fd: int | None = None, follow: bool = False
) -> tuple[int, int]:
    """The same, and the file's size in bytes."""
    try:
        fd = os.open(path, _FOLLOWING if follow else _WAYS, dir_fd=dir_fd)
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise NotAFile("a link") from error
        if error.errno == errno.ENXIO:
            raise NotAFile("a socket") from error
        raise
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise NotAFile(_KINDS.get(stat.S_IFMT(status.st_mode), "something else"))
    except BaseException:
        close(fd)
        raise
    return fd, status.st_size


def close(fd: int) -> None:
    """Close what was only read. Nothing is lost if that fails, and what went wrong before is what is told."""
    with contextlib.suppress(OSError):
        os.close(fd)


def read_file(
    path: str | os.PathLike[str], *, max_bytes: int, dir_fd: int | None = None, follow: bool = False
) -> bytes:
    """All bytes of a regular file.

    Args:
        path: The file.
        max_bytes: The most that are read.
        dir_fd: The open folder that the path is relative to, or None.
        follow: Whether a link may be followed.

    Raises:
        NotAFile: As `open_file`.
        TooLarge: If it has more bytes.
        OSError: If it cannot be opened or read.
    """
    with os.fdopen(open_file(path, dir_fd=dir_fd, follow=follow), "rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise TooLarge(max_bytes)
    return data


def read_named(path: str | os.PathLike[str], *, max_bytes: int) -> bytes:
    """All bytes of what a user names: a file, or a pipe that somebody writes to, such as a shell's `<(...)`.

    Args:
        path: The file or the pipe; links are followed.
        max_bytes: The most that are read.

    Raises:
        NotAFile: If it is a device, which may never end, or a socket.
        TooLarge: If it has more bytes.
        OSError: If it cannot be opened or read.
    """
    kind = stat.S_IFMT(os.stat(path).st_mode)  # noqa: PTH116
    if kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK):
        raise NotAFile(_KINDS[kind])
    with open(path, "rb") as file:  # noqa: PTH123
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise TooLarge(max_bytes)
    return data


def sha256_of_file(file: BinaryIO) -> str:
    """The hexadecimal digest of an open file's bytes, read in bounded memory; hashing lets other threads run.

    Raises:
        OSError: If it cannot be read.
    """
    file.seek(0)
    return hashed(file.read)[0]


def hashed(
    read: Callable[[int], bytes], on_bytes: Callable[[int], None] = lambda size_bytes: None
) -> tuple[str, int]:
    """The hexadecimal sha256 of what is read to its end, and how many bytes that was.

    Args:
        read: Gives at most so many bytes; none only at the end.
        on_bytes: Called with the number of bytes so far, after each piece.
    """
    digest, size_bytes = hashlib.sha256(), 0
    while data := read(_HASH_BYTES):
        digest.update(data)
        size_bytes += len(data)
        on_bytes(size_bytes)
    return digest.hexdigest(), size_bytes
