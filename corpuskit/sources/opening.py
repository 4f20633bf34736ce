"""Opening an input wherever it is: a local file, a zip member, a URL; plain or compressed; and only once.

What is opened is checked to be what was listed, and what was read is checked to have stayed the same.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input
from corpuskit.sources.compression import (
    MAX_RATIO,
    ByteStream,
    Compression,
    Decompressed,
    by_extension,
    by_magic,
)

_HEAD_BYTES = 16
_OTHER_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_COPY_BYTES = 2**20
_REMOTE_BLOCK_BYTES = 4 * 2**20


class _Seekable(ByteStream, Protocol):
    def seek(self, position: int, /) -> int: ...


class InputStream:
    """The bytes of one input from some place on, decompressed; a context manager.

    Leaving it in peace checks that the file did not change under the reader.

    Args:
        item: The input.
        start: Where to begin, in decompressed bytes.
        stop: Where to end (exclusive); None is the end.
        max_ratio: The largest expansion that is taken for text.

    Raises:
        SourceError: If the file is gone, is no regular file, is not what its name says, or changes.
    """

    def __init__(
        self, item: Input, *, start: int = 0, stop: int | None = None, max_ratio: int = MAX_RATIO
    ) -> None:
        self._item = item
        self._left = None if stop is None else max(stop - start, 0)
        self._file = open_raw(item)
        self._unread = b""
        try:
            self._stream: ByteStream = _decode(self._file, item, max_ratio)
            if start and self._stream is self._file:
                self._file.seek(start)
            else:
                _skip(self._stream, start, item)
        except BaseException:
            self._file.close()
            raise

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none only at the end."""
        unread, self._unread = self._unread, b""
        size -= len(unread)
        if self._left is not None:
            size = min(size, self._left)
        try:
            data = self._stream.read(size) if size else b""
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise _damaged(self._item, error) from error
        except SourceError:
            raise
        except OSError as error:
            raise SourceError(
                f"{self._item.name}: cannot be read: {error.strerror or error}", path=self._item.name
            ) from error
        if self._left is not None:
            self._left -= len(data)
        return unread + data if unread else data

    def skip_bom(self) -> int:
        """Skip a byte order mark at the beginning of the input; returns its size, 0 or 3.

        Raises:
            SourceError: If it is one of another encoding.
        """
        head = b""
        while len(head) < 4 and (data := self.read(4 - len(head))):
            head += data
        for bom, encoding in _OTHER_BOMS:
            if head.startswith(bom):
                raise SourceError(
                    f"{self._item.name}: begins with a byte order mark of {encoding}; convert it to UTF-8 "
                    f"(iconv -f {encoding} -t UTF-8)",
                    path=self._item.name,
                    expected="UTF-8",
                    found=encoding,
                )
        skipped = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        self._unread = head[skipped:]
        return skipped

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> InputStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._file.check_unchanged()
        finally:
            self.close()


def is_remote(location: str) -> bool:
    """Whether a location is a URL rather than a path."""
    return "://" in location


def is_plain(item: Input) -> bool:
    """Whether the input's bytes are the text's bytes, so that it can be read from any place on."""
    return item.member is None and by_extension(base_name(item)) is None


def base_name(item: Input) -> str:
    """The file name that says what the input is: without a URL's query, and a zip archive's member's own."""
    name = item.member or item.name
    if item.member is None and is_remote(name):
        scheme, _, name = name.partition("::")[0].partition("://")
        if scheme in ("http", "https"):
            name = re.split(r"[?#]", name)[0]
    return name.rstrip("/").rpartition("/")[2]


def text_bytes(item: Input) -> int:
    """About how many bytes of text an input has, as far as that is known without reading it."""
    if item.member is None:
        return item.size_bytes
    with open_archive(item) as archive:
        return archive.getinfo(item.member).file_size


def hash_input(item: Input) -> str:
    """The sha256 of an input's file, read once in bounded memory.

    Raises:
        SourceError: If the file is not the one that was listed, or changes.
    """
    digest = hashlib.sha256()
    with contextlib.closing(_open_file(item)) as file:
        while data := file.read(_COPY_BYTES):
            digest.update(data)
        file.check_unchanged()
    return digest.hexdigest()


def local_version(status: os.stat_result) -> str:
    """What tells this state of a local file from a later one."""
    return str(status.st_mtime_ns)


@contextlib.contextmanager
def open_archive(item: Input) -> Iterator[zipfile.ZipFile]:
    """A zip archive, for listing its members."""
    file = _open_file(item)
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError) as error:
        raise _damaged(item, error) from error
    finally:
        file.close()


class _LocalFile:
    """An open local file that remembers what it was when it was opened."""

    def __init__(self, item: Input) -> None:
        self._name = item.name
        self._path = item.location
        try:
            # A FIFO without O_NONBLOCK would wait for a writer that may never come.
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SourceError(
                f"{self._name}: cannot be opened: {error.strerror}; it was there when files were listed",
                path=self._path,
            ) from error
        self._opened = os.fstat(self._fd)
        if not stat.S_ISREG(self._opened.st_mode):
            self.close()
            raise SourceError(f"{self._name}: not a regular file; copy its text into one", path=self._path)
        if item.version and (self._opened.st_size, local_version(self._opened)) != (
            item.size_bytes,
            item.version,
        ):
            self.close()
            raise self._changed(item.size_bytes, self._opened.st_size)

    def read(self, size: int = -1, /) -> bytes:
        if size >= 0:
            return os.read(self._fd, size)
        pieces = []
        while data := os.read(self._fd, _COPY_BYTES):
            pieces.append(data)
        return b"".join(pieces)

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
        except OSError as error:
            raise self._changed(self._opened.st_size, None) from error
        for now in states:
            if (now.st_size, now.st_mtime_ns, now.st_ino) != (
                self._opened.st_size,
                self._opened.st_mtime_ns,
                self._opened.st_ino,
            ):
                raise self._changed(self._opened.st_size, now.st_size)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _changed(self, expected: int, found: int | None) -> SourceError:
        now = "is gone" if found is None else f"has {found:,} bytes"
        return SourceError(
            f"{self._name}: changed while it was in use: it had {expected:,} bytes and {now} now; "
            "run again when nothing writes to it",
            path=self._path,
            expected=expected,
            found=found,
        )


class _RemoteFile:
    """A file behind a URL, read in place."""

    def __init__(self, item: Input) -> None:
        from fsspec.core import url_to_fs

        self._item = item
        try:
            self._system, self._path = url_to_fs(item.location)
            self._version = remote_version(self._system, self._path)
            self._file: Any = self._system.open(
                self._path, "rb", block_size=_REMOTE_BLOCK_BYTES, cache_type="readahead"
            )
        except (OSError, ImportError, ValueError) as error:
            raise SourceError(
                f"{item.name}: cannot be opened: {type(error).__name__}", path=item.name
            ) from error
        if item.version and self._version != item.version:
            self.close()
            raise self._changed()

    def read(self, size: int = -1, /) -> bytes:
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
        self._system.invalidate_cache()
        if remote_version(self._system, self._path) != self._version:
            raise self._changed()

    def close(self) -> None:
        self._file.close()

    def _changed(self) -> SourceError:
        return SourceError(
            f"{self._item.name}: changed while it was in use; run again when nothing writes to it",
            path=self._item.name,
        )


def remote_version(system: Any, path: str) -> str:
    """What tells this state of a remote file from a later one: its ETag, or all that is known of it."""
    info = system.info(path)
    known = info.get("ETag") or info.get("etag") or info.get("md5Hash") or system.ukey(path)
    return f"{info.get('size')}:{known}"


class _Member:
    """One member of a zip archive."""

    def __init__(self, item: Input, file: _LocalFile | _RemoteFile) -> None:
        assert item.member is not None
        self._file = file
        try:
            self._archive = zipfile.ZipFile(file)
            self._member = self._archive.open(item.member)
        except KeyError as error:
            file.close()
            raise SourceError(f"{item.name}: no member {item.member!r} in it", path=item.name) from error
        except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
            file.close()
            raise _damaged(item, error) from error

    def read(self, size: int, /) -> bytes:
        return self._member.read(size)

    def seek(self, position: int, /) -> int:
        return self._member.seek(position)

    def check_unchanged(self) -> None:
        self._file.check_unchanged()

    def close(self) -> None:
        self._member.close()
        self._archive.close()
        self._file.close()


def open_raw(item: Input) -> _LocalFile | _RemoteFile | _Member:
    """The bytes of an input as they are stored; a member's, as they were before the archive was made."""
    file = _open_file(item)
    return file if item.member is None else _Member(item, file)


def _open_file(item: Input) -> _LocalFile | _RemoteFile:
    return _RemoteFile(item) if is_remote(item.location) else _LocalFile(item)


def _decode(file: _Seekable, item: Input, max_ratio: int) -> ByteStream:
    """The stream with the compression that the name says taken off; a name that lies is an error."""
    says = by_extension(base_name(item))
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    shows = by_magic(head)
    if head and says != shows:
        raise SourceError(
            f"{item.name}: its name says {_name_of(says)} but its bytes are {_name_of(shows)}; rename it",
            path=item.name,
            expected=_name_of(says),
            found=_name_of(shows),
        )
    return file if says is None else Decompressed(file, says, name=item.name, max_ratio=max_ratio)


def _name_of(compression: Compression | None) -> str:
    return compression.name if compression else "not compressed"


def _skip(stream: ByteStream, count: int, item: Input) -> None:
    while count:
        data = stream.read(min(count, _COPY_BYTES))
        if not data:
            raise SourceError(f"{item.name}: ends {count:,} bytes before a place to be read", path=item.name)
        count -= len(data)


def _damaged(item: Input, error: Exception) -> SourceError:
    return SourceError(f"{item.name}: damaged zip archive: {error}; get the file again", path=item.name)
