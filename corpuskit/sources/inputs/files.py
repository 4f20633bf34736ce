"""Files as they are stored: local, or behind a URL.

What is opened is checked to be what was listed, and can be checked to have stayed the same.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpuskit import reading
from corpuskit.errors import CorpuskitError, FetchError, SourceError, StorageError
from corpuskit.sources.base import Input
from corpuskit.sources.inputs.signatures import HEAD_BYTES, other_than_stored, other_than_text
from corpuskit.urls import is_remote, redact_url

_COPY_BYTES = 2**20
_REMOTE_BLOCK_BYTES = 4 * 2**20
#: What the system answers where there is nothing, and where there is no file.
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_NO_FILE = (*ABSENT, errno.ENXIO, errno.ENAMETOOLONG)


def open_file(item: Input) -> LocalFile | UrlFile:
    """An input's own file; for a member, the archive."""
    return UrlFile(item) if is_remote(item.location) else LocalFile(item)


def local_version(status: os.stat_result) -> str:
    """What tells this state of a local file from a later one."""
    return str(status.st_mtime_ns)


def local_input(path: Path, name: str, *, format: str, split: str | None = None) -> Input:
    """The input that a file of this machine is; its sha256 is not computed yet.

    Args:
        path: The file.
        name: What the manifest records.
        format: The name of its reader.
        split: The split that all of it belongs to, where the corpus comes split.

    Raises:
        SourceError: If there is no such file.
        StorageError: If it cannot be looked at.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(f"{name}:", "read", error, path=path) from error
    return Input(
        name,
        status.st_size,
        "",
        split=split,
        location=str(path.absolute()),
        format=format,
        version=local_version(status),
    )


def unreadable(what: str, doing: str, error: OSError, *, path: Any, remedy: str = "") -> CorpuskitError:
    """The error about a file or a folder of this machine that cannot be had.

    Args:
        what: How the line begins: its name and a colon.
        doing: What cannot be done to it: "listed", "opened", "read".
        error: What the system answered.
        path: Where it is.
        remedy: What to do.

    Returns:
        A SourceError if there is no such file, or no file to read; a StorageError if the machine refuses it.
    """
    is_wrong = error.errno in _NO_FILE or isinstance(error, (reading.NotAFile, reading.TooLarge))
    kind = SourceError if is_wrong else StorageError
    end = f"; {remedy}" if remedy else ""
    return kind(f"{what} cannot be {doing}: {error.strerror or error}{end}", path=path)


def remote_state(system: Any, path: str) -> tuple[int | None, str]:
    """A remote file's size, and what tells this state of it from a later one: its ETag, or all that is known.

    Args:
        system: The fsspec file system.
        path: The path in it.
    """
    info = system.info(path)
    known = info.get("ETag") or info.get("etag") or info.get("md5Hash") or system.ukey(path)
    size_bytes = info.get("size")
    return size_bytes, f"{size_bytes}:{known}"


def file_system(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL and the path in it; what is logged on the way holds no credentials."""
    from fsspec.core import url_to_fs

    from corpuskit.fetching.logs import redact_logs

    redact_logs()
    system, path = url_to_fs(url)
    return system, path


@contextlib.contextmanager
def store_errors(location: str, doing: str) -> Iterator[None]:
    """Tell in one line what a store raises, or a library that reads one.

    Those libraries raise classes of their own, and credentials may be in their texts: nothing of the error is
    kept, not even as the cause.

    Args:
        location: The URL.
        doing: What cannot be done to it: "listed", "opened", "read".

    Raises:
        SourceError: If there is nothing.
        FetchError: If it cannot be had.

    Example:
        >>> with store_errors("s3://bucket/x?sig=c2VjcmV0", "read"):
        ...     raise PermissionError("x?sig=c2VjcmV0")
        Traceback (most recent call last):
        corpuskit.errors.FetchError: s3://bucket/x?sig=REDACTED: cannot be read: access is denied
    """
    failure: CorpuskitError
    try:
        yield
        return
    except CorpuskitError:
        raise
    except Exception as error:  # every file system raises classes of its own
        from corpuskit.fetching import places

        kind = SourceError if places.is_missing(error) else FetchError
        name = redact_url(location)
        failure = kind(f"{name}: cannot be {doing}: {places.failure_of(error, location)}", path=name)
    try:
        raise failure
    finally:
        failure.__context__ = None  # raised in a `with` block, it would bring the error along


class LocalFile:
    """An open local file that remembers what it was when it was opened."""

    def __init__(self, item: Input) -> None:
        self._name = item.name
        self._path = item.location
        try:
            # A FIFO without O_NONBLOCK would wait for a writer that may never come.
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise self._unreadable("opened", error) from error
        try:
            self._opened = os.fstat(self._fd)
        except OSError as error:
            self.close()
            raise self._unreadable("opened", error) from error
        if not stat.S_ISREG(self._opened.st_mode):
            self.close()
            raise SourceError(f"{self._name}: not a regular file; copy its text into one", path=self._path)
        if item.version and (self._opened.st_size, local_version(self._opened)) != (
            item.size_bytes,
            item.version,
        ):
            self.close()
            raise self._changed(item.size_bytes, self._opened.st_size)

    @property
    def identity(self) -> tuple[int, ...]:
        """What tells it from a file that is in its place later."""
        opened = self._opened
        return opened.st_dev, opened.st_ino, opened.st_size, opened.st_mtime_ns, opened.st_ctime_ns

    def read(self, size: int = -1, /) -> bytes:
        try:
            if size >= 0:
                return os.read(self._fd, size)
            pieces = []
            while data := os.read(self._fd, _COPY_BYTES):
                pieces.append(data)
            return b"".join(pieces)
        except OSError as error:
            raise self._unreadable("read", error) from error

    def seek(self, position: int, whence: int = os.SEEK_SET, /) -> int:
        return os.lseek(self._fd, position, whence)

    def tell(self) -> int:
        return os.lseek(self._fd, 0, os.SEEK_CUR)

    def seekable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return self._fd < 0

    def check_unchanged(self) -> None:
        """Compare what is under the open file and under its name now with what was opened."""
        try:
            states = [os.fstat(self._fd), Path(self._path).stat()]
        except FileNotFoundError as error:
            raise self._changed(self._opened.st_size, None) from error
        except OSError as error:
            raise self._unreadable("read", error) from error
        for now in states:
            if (now.st_size, now.st_mtime_ns, now.st_ino) != (
                self._opened.st_size,
                self._opened.st_mtime_ns,
                self._opened.st_ino,
            ):
                raise self._changed(self._opened.st_size, now.st_size)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            reading.close(fd)

    def _unreadable(self, doing: str, error: OSError) -> CorpuskitError:
        remedy = ""
        if isinstance(error, FileNotFoundError):
            remedy = "it was there when files were listed"
        elif isinstance(error, PermissionError):
            remedy = "make it readable, or leave it out"
        return unreadable(f"{self._name}:", doing, error, path=self._path, remedy=remedy)

    def _changed(self, expected: int, found: int | None) -> SourceError:
        now = "is gone" if found is None else f"has {found:,} bytes"
        return SourceError(
            f"{self._name}: changed while it was in use: it had {expected:,} bytes and {now} now; "
            "run again when nothing writes to it",
            path=self._path,
            expected=expected,
            found=found,
        )


class UrlFile:
    """A file behind a URL, read in place."""

    def __init__(self, item: Input) -> None:
        self._item = item
        with store_errors(item.location, "opened"):
            self._system, self._path = file_system(item.location)
            _, self._version = remote_state(self._system, self._path)
            self._file: Any = self._system.open(
                self._path, "rb", block_size=_REMOTE_BLOCK_BYTES, cache_type="readahead"
            )
        if item.version and self._version != item.version:
            self.close()
            raise self._changed()

    @property
    def identity(self) -> str:
        """What tells it from a file that is in its place later."""
        return self._version

    def read(self, size: int = -1, /) -> bytes:
        with store_errors(self._item.location, "read"):
            data: bytes = self._file.read(size)
        return data

    def seek(self, position: int, whence: int = os.SEEK_SET, /) -> int:
        found: int = self._file.seek(position, whence)
        return found

    def tell(self) -> int:
        position: int = self._file.tell()
        return position

    def seekable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def check_unchanged(self) -> None:
        with store_errors(self._item.location, "read"):
            self._system.invalidate_cache()
            _, version = remote_state(self._system, self._path)
        if version != self._version:
            raise self._changed()

    def close(self) -> None:
        with store_errors(self._item.location, "read"):
            self._file.close()

    def _changed(self) -> SourceError:
        return SourceError(
            f"{self._item.name}: changed while it was in use; run again when nothing writes to it",
            path=self._item.name,
        )


def told_by_head(item: Input, magic: bytes) -> SourceError | None:
    """The error that the first bytes of an archive or a table give, if they say that it is something else.

    Args:
        item: The input.
        magic: What it begins with where it is only damaged.
    """
    with contextlib.closing(open_file(item)) as file:
        head = file.read(HEAD_BYTES)
    words = None if head.startswith(magic) else other_than_stored(head) or other_than_text(head)
    return SourceError(f"{item.name}: this is {words}", path=item.name) if words else None
