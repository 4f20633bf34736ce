"""The bytes of another trainer's files: sizes, heads and maps, and what is said where they are wrong."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from corpuskit import reading
from corpuskit.corpus.file_bytes import contents
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.numbers import as_whole
from corpuskit.paths import visible_name
from corpuskit.urls import remote_path

_MAX_DESCRIPTION_BYTES = 256 * 2**20
#: More than a file has bytes.
_NO_COUNT = 2**63


def check_here(path: str | os.PathLike[str]) -> None:
    """Refuse a place in an object store.

    Args:
        path: What the user named.

    Raises:
        ConfigError: If it is a URL of another machine.
    """
    if (place := remote_path(path)) is not None:
        raise ConfigError(
            f"{place}: token files are read in folders of this machine; copy them with the "
            "store's own tool, such as 'aws s3 cp --recursive'",
            found=str(place),
        )


class OpenFile:
    """A file that is read a piece at a time. Where it is cut short that is an error, and of a map a signal.

    Args:
        path: What to call it.
        fd: Its descriptor.
        size_bytes: Its size when it was opened.
    """

    def __init__(self, path: Path, fd: int, size_bytes: int) -> None:
        self.path, self.fd, self.size_bytes = path, fd, size_bytes

    def read(self, start: int, size_bytes: int) -> NDArray[np.uint8]:
        """Bytes of it, uint8[size_bytes], which are nobody else's.

        Raises:
            CorpusFormatError: If it is shorter, by now or from the beginning.
            StorageError: If it cannot be read.
        """
        if start + size_bytes > self.size_bytes:  # nothing is made for bytes that are not there
            raise truncated(self.path, expected=start + size_bytes, found=self.size_bytes)
        found = self._read(start, size_bytes)
        while len(found) < size_bytes:
            more = self._read(start + len(found), size_bytes - len(found))
            if not more:
                raise truncated(self.path, expected=start + size_bytes, found=start + len(found))
            found += more
        return np.frombuffer(found, np.uint8)

    def items(self, dtype: DTypeLike, offset: int, start: int, stop: int) -> NDArray[Any]:
        """Items of an array in it.

        Args:
            dtype: The type of an item.
            offset: The byte where the array begins.
            start: The first item.
            stop: The one after the last.

        Raises:
            CorpusFormatError: As `read`.
            StorageError: As `read`.
        """
        item_bytes = np.dtype(dtype).itemsize
        return self.read(offset + start * item_bytes, (stop - start) * item_bytes).view(dtype)

    def _read(self, start: int, size_bytes: int) -> bytes:
        try:
            return os.pread(self.fd, size_bytes, start)
        except OSError as error:
            raise unreadable(self.path, error) from error


@contextlib.contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """A file that is open in the block; links are followed.

    Raises:
        CorpusFormatError: If it is not there, or no file.
        StorageError: If it cannot be opened.
    """
    try:
        fd, size_bytes = reading.open_sized(path, follow=True)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        yield OpenFile(path, fd, size_bytes)
    finally:
        reading.close(fd)


def size_of(path: Path) -> int:
    """The size of a file in bytes; links are followed.

    Raises:
        CorpusFormatError: If it is not there, or no file.
        StorageError: If it cannot be opened.
    """
    with opened(path) as file:
        return file.size_bytes


def mapped(path: Path, offset: int, size_bytes: int) -> NDArray[np.uint8]:
    """Bytes of a file, uint8[size_bytes], mapped and read-only; for files that are read in place.

    Raises:
        CorpusFormatError: If it is not there, no file, or shorter.
        StorageError: If it cannot be read.
    """
    with opened(path) as file:
        if file.size_bytes < offset + size_bytes:
            raise truncated(path, expected=offset + size_bytes, found=file.size_bytes)
        if not size_bytes:
            return np.empty(0, np.uint8)
        return contents(file.fd, file.size_bytes, where=path)[offset : offset + size_bytes]


def head(path: Path, size_bytes: int) -> bytes:
    """The first bytes of a file, fewer where it is shorter.

    Raises:
        CorpusFormatError: If it is not there, or no file.
        StorageError: If it cannot be read.
    """
    with opened(path) as file:
        return file.read(0, min(size_bytes, file.size_bytes)).tobytes()


def items_of(
    path: Path, dtype: DTypeLike, num_items: int, piece_items: int, *, offset: int = 0
) -> Iterator[NDArray[Any]]:
    """The items of an array in a file, [n] at a time.

    Args:
        path: The file.
        dtype: The type of an item.
        num_items: How many there are.
        piece_items: How many a piece has; the last one may have fewer.
        offset: The byte where the array begins.

    Raises:
        CorpusFormatError: If it is not there, no file, or shorter.
        StorageError: If it cannot be read.
    """
    with opened(path) as file:
        for start in range(0, num_items, piece_items):
            yield file.items(dtype, offset, start, min(start + piece_items, num_items))


def state_of(path: Path) -> tuple[int, ...]:
    """A file's size in bytes, and what changes when somebody writes to it or replaces it.

    Raises:
        CorpusFormatError: If it is not there, or no file.
        StorageError: If it cannot be opened.
    """
    with opened(path) as file:
        status = os.fstat(file.fd)
        return file.size_bytes, status.st_mtime_ns, status.st_ino


def sha256_of(path: Path) -> str:
    """The hexadecimal digest of a file, read once from start to end.

    Raises:
        CorpusFormatError: If it is not there, or no file.
        StorageError: If it cannot be read.
    """
    with opened(path) as file:
        try:
            return reading.hashed(lambda size_bytes: os.read(file.fd, size_bytes))[0]
        except OSError as error:
            raise unreadable(path, error) from error


def read_json(path: Path) -> Any:
    """A file of JSON.

    Raises:
        CorpusFormatError: If it is not there, too large, or no JSON.
        StorageError: If it cannot be read.
    """
    try:
        return json.loads(reading.read_file(path, max_bytes=_MAX_DESCRIPTION_BYTES, follow=True))
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        reason = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else f"{error!s:.80}"
        raise CorpusFormatError(
            f"{path}: no JSON: {reason}; get it again, or name the folder of the files", path=path
        ) from error


def beside(path: Path, name: Any) -> Path:
    """A file that a description names, which must be beside it.

    Args:
        path: The description.
        name: What it names.

    Raises:
        CorpusFormatError: If that is no name of a file.
    """
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or name != visible_name(name):
        raise CorpusFormatError(
            f"{path}: names {name!r:.80}, which is no file beside it", path=path, found=name
        )
    return path.with_name(name)


def count_of(value: Any) -> int:
    """A count as a description of JSON has it.

    Raises:
        ValueError: If it is no whole number of 0 or more, or one that no file can have.
    """
    found = as_whole(value)
    if found is None or not 0 <= found < _NO_COUNT:
        raise ValueError(f"{value!r:.40} is no count")
    return found


def whole_items(path: Path, size_bytes: int, item_bytes: int) -> int:
    """How many items a file's bytes are.

    Raises:
        CorpusFormatError: If the last one is cut.
    """
    if size_bytes % item_bytes:
        raise CorpusFormatError(
            f"{path}: {size_bytes:,} bytes are not whole ids of {item_bytes} bytes; it is cut short, or its "
            "ids are of another type: say it with --dtype",
            path=path,
            expected=item_bytes,
            found=size_bytes,
        )
    return size_bytes // item_bytes


def truncated(path: Path, *, expected: int, found: int) -> CorpusFormatError:
    """The error about a file that has fewer bytes than it should, or more."""
    return CorpusFormatError(
        f"{path}: {found:,} bytes, and {expected:,} are expected: it is cut short, damaged, or of another "
        "format; get it again, or choose another --format",
        path=path,
        expected=expected,
        found=found,
    )


def unreadable(path: Path, error: OSError) -> CorpusFormatError | StorageError:
    """The error about a file that cannot be opened: it is no such file, or the machine is to blame."""
    reason = error.strerror or error
    if isinstance(error, (FileNotFoundError, NotADirectoryError, reading.NotAFile, reading.TooLarge)):
        return CorpusFormatError(
            f"{path}: cannot be read: {reason}; name the files, or their folder", path=path
        )
    return StorageError(f"{path}: cannot be read: {reason}", path=path)


__all__ = [
    "OpenFile",
    "beside",
    "check_here",
    "count_of",
    "head",
    "items_of",
    "mapped",
    "opened",
    "read_json",
    "sha256_of",
    "size_of",
    "state_of",
    "truncated",
    "unreadable",
    "whole_items",
]
