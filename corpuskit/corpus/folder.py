"""A corpus's folder on this machine, held open: all of its files are of one corpus, the old one or the new.

A corpus is replaced by an exchange of two folders' names, and the old folder is deleted then. Whoever was in
the old one at that moment finds files missing there, looks again at the path, and reads the new one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from corpuskit import reading
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.file_bytes import contents
from corpuskit.corpus.manifest import Manifest
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.errors import CorpusFormatError, StorageError
from corpuskit.temporary_names import is_temporary_of

_T = TypeVar("_T")

#: How long a reader looks again at a corpus that is replaced over and over.
_REPLACED_S = 60.0
#: How long it waits for a corpus that is set aside: two renames, where a file system cannot exchange names.
_ASIDE_S = 2.0
_LOOK_S = 0.001


class Folder:
    """An open folder, and what is in it.

    Attributes:
        path: What it was opened as.
    """

    def __init__(self, path: Path, directory: int) -> None:
        self.path = path
        self._directory = directory

    def manifest(self) -> Manifest:
        """The corpus's manifest.

        Raises:
            CorpusFormatError: If there is none, or it is damaged.
            StorageError: If it cannot be read.
        """
        return parse_manifest(self.manifest_bytes(), where=str(self.path / manifest_format.FILE_NAME))

    def manifest_bytes(self) -> bytes:
        """The bytes of the manifest's file; raises as `manifest`."""
        name, max_bytes = manifest_format.FILE_NAME, manifest_format.MAX_BYTES
        try:
            return reading.read_file(name, max_bytes=max_bytes, dir_fd=self._directory)
        except FileNotFoundError as error:
            raise _no_corpus(self.path, f"it has no {name}") from error
        except OSError as error:
            raise _unreadable(self.path / name, error) from error

    def optional_bytes(self, name: str, *, max_bytes: int) -> bytes | None:
        """The bytes of a small file beside the manifest; None where there is none, or none that is read."""
        try:
            return reading.read_file(name, max_bytes=max_bytes, dir_fd=self._directory)
        except OSError:
            return None

    def open(self, name: str, size_bytes: int) -> int:
        """One file of the corpus, open for reading, whose size is checked first; the caller closes it.

        Raises:
            CorpusFormatError: If it is missing, no file, or of another size.
            StorageError: If it cannot be read.
        """
        try:
            fd, found = reading.open_sized(name, dir_fd=self._directory)
        except OSError as error:
            raise _missing_or_unreadable(self.path / name, error) from error
        if found != size_bytes:
            reading.close(fd)
            raise CorpusFormatError(
                f"{self.path / name}: {found:,} bytes on disk, the manifest says {size_bytes:,}; "
                f"make the corpus again with --overwrite",
                path=self.path / name,
                expected=size_bytes,
                found=found,
            )
        return fd

    def map(self, name: str, dtype: np.dtype[Any], size_bytes: int) -> NDArray[Any]:
        """A read-only array over one file of the corpus, whose size is checked first.

        Raises:
            CorpusFormatError: If it is missing, no file, or of another size.
            StorageError: If it cannot be read.
        """
        fd = self.open(name, size_bytes)
        try:
            if not size_bytes:  # an empty file cannot be mapped
                return np.empty(0, dtype)
            # A string, because pathlib would take a tenth of the time of opening a corpus.
            return contents(fd, size_bytes, where=f"{self.path}/{name}").view(dtype)
        finally:
            reading.close(fd)

    def is_current(self) -> bool:
        """Whether the path still names this folder, or cannot be asked.

        The folder is held open, so no other one can have its number.
        """
        try:
            found, own = os.stat(self.path), os.fstat(self._directory)  # noqa: PTH116 - as the other one
        except FileNotFoundError:
            return False
        except OSError:
            return True  # what went wrong first is what is told
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)


def read_folder(path: Path, read: Callable[[Folder], _T]) -> _T:
    """What `read` makes of the corpus that a path names, which others may replace meanwhile.

    Args:
        path: The corpus's folder.
        read: Reads it; is called again with the new folder when the old one was replaced under it.

    Raises:
        CorpusFormatError: If there is no corpus, or it is damaged.
        StorageError: If it cannot be read.
    """
    until = time.monotonic() + _REPLACED_S
    while True:
        with open_folder(path) as folder:
            try:
                return read(folder)
            except (CorpusFormatError, StorageError):
                if folder.is_current() or time.monotonic() > until:
                    raise


@contextmanager
def open_folder(path: Path) -> Iterator[Folder]:
    """A corpus's folder, held open while the block runs; raises as `read_folder`."""
    until = time.monotonic() + _ASIDE_S
    while True:
        try:
            directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            break
        except (FileNotFoundError, NotADirectoryError) as error:
            if time.monotonic() > until or not _is_being_replaced(path):
                raise _no_corpus(path, str(error.strerror)) from error
        except OSError as error:
            raise _unreadable(path, error) from error
        time.sleep(_LOOK_S)
    try:
        yield Folder(path, directory)
    finally:
        reading.close(directory)


def _is_being_replaced(path: Path) -> bool:
    """Whether a folder that is not there is set aside, or is there again."""
    try:
        return path.is_dir() or any(
            is_temporary_of(entry.name, path.name) and entry.is_dir() for entry in path.parent.iterdir()
        )
    except OSError:
        return False


def _no_corpus(path: Path, reason: str) -> CorpusFormatError:
    """The error for what is no corpus, with what to do: one is made there, or some are below."""
    name = manifest_format.FILE_NAME
    remedy = "'corpuskit prepare' makes one"
    with suppress(OSError):
        if path.name == name and path.is_file():
            remedy = f"the corpus is its folder, {path.parent}"
        elif path.name and path.with_name(f".{path.name}.preparing").is_dir():
            remedy = f"it is being prepared; 'corpuskit info {path}' says how far it is"
        elif any(path.glob(f"*/{name}")) or any(path.glob(f"*/*/{name}")):
            remedy = f"'corpuskit list corpora {path}' shows those below it"
    return CorpusFormatError(f"{path}: not a corpus: {reason}; {remedy}", path=path)


def _missing_or_unreadable(where: Path, error: OSError) -> CorpusFormatError | StorageError:
    if not isinstance(error, FileNotFoundError):
        return _unreadable(where, error)
    return CorpusFormatError(
        f"{where}: cannot be opened: {error.strerror}; make the corpus again with --overwrite", path=where
    )


def _unreadable(where: Path, error: OSError) -> CorpusFormatError | StorageError:
    """The error for a file that is there: it is no file, or the machine does not give it."""
    if isinstance(error, reading.TooLarge):
        return CorpusFormatError(f"{where}: {error.strerror}", path=where)
    if isinstance(error, reading.NotAFile):
        return CorpusFormatError(
            f"{where}: {error.strerror}; make the corpus again with --overwrite", path=where
        )
    return StorageError(f"{where}: cannot be read: {error.strerror or error}", path=where)
