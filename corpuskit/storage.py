"""The only place that writes files: every file appears whole under its name, or not at all.

A file is written under a temporary name in the directory where it will live, hashed on the way, flushed
with fsync, renamed, and the directory is flushed. An error removes the temporary file and goes on up. A
failed fsync is never tried again: the kernel may have dropped the pages, and a second call would report a
success that never happened. A directory is committed by one rename, or by one exchange of two names.
Cleaning up after an error raises nothing: the first error is the one that is told.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from corpuskit.errors import StorageError
from corpuskit.file_errors import storage_errors
from corpuskit.removal import remove_ours as remove_ours
from corpuskit.removal import remove_tree as remove_tree
from corpuskit.temporary_names import final_name, temporary_name

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
#: How much of a file that is streamed goes to the disk at once.
_WRITEBACK_BYTES = 4 * 2**20
_SYNC_FILE_RANGE_WRITE = 2
#: A smaller piece is hashed sooner than a thread hears of it.
_BESIDE_BYTES = 2**18


class FileWriter:
    """A file that takes its name only when all of it is safely written.

    Used as a context manager: leaving it in peace commits, an exception aborts and leaves nothing.

    Args:
        path: The final name; its directory must exist.
        replace: Whether a file that has the name already may be replaced. Without it, committing onto an
            existing name is a StorageError.
        temporary: The name to write under instead of one that nobody else can find: the partial file of a
            download, which another process may go on with.
        streaming: For files that are large together and are not read again soon. They are on their way to the
            disk while they are written, so that fsync waits for little, and leave memory when they are safe:
            what other programs keep there stays, and the next file takes their place, which is faster than
            new memory (a tenth of the time of `prepare`).
        hashed: False where nobody asks for the digest, which then is that of nothing.
        hash_beside: Whether large pieces are hashed in a thread while they are written, for files that one
            process writes alone: the two take about as long.

    Attributes:
        size_bytes: Bytes written so far.
    """

    def __init__(
        self,
        path: Path,
        *,
        replace: bool = True,
        temporary: Path | None = None,
        streaming: bool = False,
        hashed: bool = True,
        hash_beside: bool = False,
    ) -> None:
        self.path = path
        self.size_bytes = 0
        self._num_sent_bytes = 0  # to the disk, in the background
        self._replace = replace
        self._streaming = streaming
        self._hashed = hashed
        self._hash_beside = hash_beside
        self._hashing: ThreadPoolExecutor | None = None
        self._sha256 = hashlib.sha256()
        self._process = os.getpid()
        self._temporary = temporary or temporary_name(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with storage_errors(path, "create"):
                self._fd = os.open(self._temporary, flags, 0o644)
        except (KeyboardInterrupt, SystemExit):
            if temporary is None:  # the call may take long, and have made it before the signal was noticed
                with contextlib.suppress(OSError):
                    os.unlink(self._temporary)
            raise

    @property
    def sha256(self) -> str:
        """The hexadecimal digest of the bytes written so far."""
        return self._sha256.hexdigest()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data`; a write that the system cuts short is continued."""
        view = memoryview(data)
        if not view.nbytes:  # nothing of several dimensions cannot be cast
            return
        view = view.cast("B")
        hashed = self._hash_in_thread(view)
        try:
            with storage_errors(self.path, "write"):
                while view:
                    num_written = os.write(self._fd, view)
                    if self._hashed and hashed is None:
                        self._sha256.update(view[:num_written])
                    self.size_bytes += num_written
                    view = view[num_written:]
        finally:
            if hashed is not None:
                hashed.result()
        if self._streaming and self.size_bytes - self._num_sent_bytes >= _WRITEBACK_BYTES:
            _start_writeback(self._fd, self._num_sent_bytes, self.size_bytes - self._num_sent_bytes)
            self._num_sent_bytes = self.size_bytes

    def _hash_in_thread(self, view: memoryview) -> Future[None] | None:
        """Begin to hash some bytes, if that is worth a thread."""
        if not (self._hashed and self._hash_beside) or view.nbytes < _BESIDE_BYTES:
            return None
        if self._hashing is None:
            from concurrent.futures import ThreadPoolExecutor

            self._hashing = ThreadPoolExecutor(1)
        return self._hashing.submit(self._sha256.update, view)

    def restart(self) -> None:
        """Forget what was written and begin again with an empty file."""
        with storage_errors(self.path, "truncate"):
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
        self._sha256 = hashlib.sha256()
        self.size_bytes = self._num_sent_bytes = 0

    def keep(self, path: Path) -> None:
        """Close the unfinished file and leave it under another name, for a later attempt to go on with."""
        with storage_errors(path, "keep"):
            self._close()
            os.rename(self._temporary, path)

    def commit(self, *, flush_name: bool = True) -> None:
        """Flush the file, give it its name, and flush the name.

        Args:
            flush_name: False where nothing needs the name to survive a power cut until another file beside it
                is committed, which flushes the names of both.
        """
        with storage_errors(self.path, "commit"):
            os.fsync(self._fd)
            if self._num_sent_bytes and hasattr(os, "posix_fadvise"):
                with contextlib.suppress(OSError):  # it is only advice
                    os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
            self._close()
            if self._replace:
                os.replace(self._temporary, self.path)
            else:
                os.link(self._temporary, self.path)
                os.unlink(self._temporary)
            if flush_name:
                fsync_directory(self.path.parent)

    def abort(self) -> None:
        """Forget everything that was written; does nothing after a commit, and raises nothing."""
        with contextlib.suppress(OSError):
            self._close()
        with contextlib.suppress(OSError):
            os.unlink(self._temporary)

    def _close(self) -> None:
        """Close the file once, even if that fails: its number may be another file's by then."""
        if self._hashing is not None:
            self._hashing.shutdown(wait=False)  # nothing is under way
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        # A signal may arrive before whoever asked for the writer has it and could abort it. A process that
        # was forked meanwhile has a copy of it, and no business with the file.
        if getattr(self, "_fd", -1) >= 0 and self._process == os.getpid():
            self.abort()

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.abort()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file in one piece, replacing what had its name."""
    with FileWriter(path) as file:
        file.write(data)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON value as readable text whose bytes depend on the value only."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """The one way corpuskit spells JSON in files: indented, in the value's own order, newline at the end."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _start_writeback(fd: int, start: int, size: int) -> None:
    """Have the system write a range of a file to the disk now, where it can be told to, and do not wait.

    Only saves fsync's waiting; errors of such writes are fsync's to report (sync_file_range(2)).
    """
    if sys.platform == "linux" and (sync_file_range := getattr(_libc(), "sync_file_range", None)):
        sync_file_range(fd, ctypes.c_int64(start), ctypes.c_int64(size), _SYNC_FILE_RANGE_WRITE)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def fsync_directory(path: Path) -> None:
    """Flush a directory, so that the names in it survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as error:
        # Some file systems cannot flush a directory; there is nothing better to do on them.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        with contextlib.suppress(OSError):
            os.close(fd)


def anonymous_file(folder: Path) -> IO[bytes]:
    """A file without a name, to write and read again: in memory, or else in a folder that exists."""
    with storage_errors(folder, "make a file without a name in"):
        if hasattr(os, "memfd_create"):
            with contextlib.suppress(OSError):
                return os.fdopen(os.memfd_create("corpuskit", os.MFD_CLOEXEC), "w+b", buffering=0)
        return tempfile.TemporaryFile(dir=folder, buffering=0)


def make_directory(path: Path, *, mode: int = 0o777) -> None:
    """Make a directory, with `mode`, and those above it; one that exists is kept as it is."""
    with storage_errors(path, "create the folder"):
        try:
            path.mkdir(mode=mode, parents=True, exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, "something else has this name") from error


def rename(old: Path, new: Path) -> None:
    """Give a file another name, in one step; of several who try, one succeeds.

    Raises:
        FileNotFoundError: If somebody else took it.
    """
    os.rename(old, new)


def remove_file(path: Path) -> None:
    """Delete a file; one that is not there is fine."""
    with storage_errors(path, "delete"), contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def commit_directory(
    staged: Path, final: Path, *, replace: bool, ours: Callable[[str], bool] = lambda name: True
) -> None:
    """Give a finished directory its name, in one step that a reader cannot see half done.

    Args:
        staged: The finished directory, on the same file system as `final`.
        final: The name to give it.
        replace: Whether a directory that has the name may be replaced: the two are exchanged, and the old
            one is deleted afterwards, under its unfinished name.
        ours: Which names of the old one may be deleted, as `corpuskit.removal.remove_folder` takes it.

    Raises:
        StorageError: If `final` exists and may not be replaced, or is a link; `staged` is kept.
    """
    with storage_errors(final, "commit"):
        for entry in staged.iterdir():
            if final_name(entry.name) is not None:
                entry.unlink()  # left by an attempt that was killed
        fsync_directory(staged)
        if final.is_symlink():
            raise StorageError(f"cannot commit {final}: it is a link; name the folder itself", path=final)
        replaced = replace and final.exists()
        if replaced:
            _exchange(staged, final)
        else:
            # rename() takes an empty directory's place without a word, and refuses a full one.
            os.rename(staged, final)
        fsync_directory(final.parent)
    if replaced:
        remove_ours(staged, ours)


def link_file(source: Path, target: Path) -> None:
    """Give a finished file a second name, or move it where the file system has no hard links."""
    with storage_errors(target, "link"):
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS):
                raise
            os.rename(source, target)


def try_link(source: Path, target: Path) -> bool:
    """Give a file a second name, links followed, where the file system and its owner allow it."""
    with contextlib.suppress(OSError):
        os.link(os.path.realpath(source), target)
        return True
    return False


def _exchange(one: Path, other: Path) -> None:
    """Exchange two names in one step where the system can, else in two with the old one set aside.

    Linux has renameat2(RENAME_EXCHANGE) since 3.15, macOS renamex_np(RENAME_SWAP); some file systems have
    neither. Without it a reader may find no corpus for an instant, but never a wrong one.
    """
    if sys.platform == "linux":
        libc = _libc()
        arguments = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
        if hasattr(libc, "renameat2"):
            if libc.renameat2(*arguments) == 0:
                return
            code = ctypes.get_errno()
            if code not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
                raise OSError(code, os.strerror(code), str(other))
    aside = temporary_name(other)
    os.rename(other, aside)
    os.rename(one, other)
    os.rename(aside, one)
