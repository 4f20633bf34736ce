"""Objects in a store: read whole, put whole, and put only where nobody else has.

Every call is tried again with growing waits while the store is busy or unreachable. Errors are told in our
own words: those of the libraries below may hold credentials.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from corpuskit.errors import CorpuskitError, StorageError
from corpuskit.fetching.logs import redact_logs
from corpuskit.fetching.options import FetchOptions, Transient
from corpuskit.fetching.places import failure_of, is_missing
from corpuskit.on_progress import OnProgress
from corpuskit.urls import RemotePath

log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: "same size" is all that can be said where the store has no sha256.
Comparison = Literal["missing", "different", "same size", "same"]


class PreconditionFailed(Exception):
    """A conditional put found another object, or another version, than it was to find."""


@dataclasses.dataclass(frozen=True, slots=True)
class Addition:
    """A file that a commit puts.

    Args:
        name: What it is called there.
        content: A file of this machine, or the bytes.
        sha256: Its digest, where the store must have that and nothing else.
    """

    name: str
    content: Path | bytes
    sha256: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """A small object, and what identifies this version of it; None where the store says nothing."""

    data: bytes
    version: str | None


class Store:
    """The objects below one URL, through any fsspec file system.

    A conditional put is whatever the file system makes of it: most look first and then write, so two
    writers at once may not see each other.

    Args:
        place: The URL that names are relative to.
        options: Attempts and waits.

    Attributes:
        commits_at_once: Whether `commit` is there: a corpus is then replaced in its place, by one commit.
    """

    commits_at_once = False

    def __init__(self, place: RemotePath, options: FetchOptions | None = None) -> None:
        self.place = place
        self._options = options or FetchOptions()

    def pinned(self) -> Store:
        """The same place as it is now, whatever is put there later; where a store has no versions, itself.

        Raises:
            StorageError: If the store does not answer, or refuses.
        """
        return self

    def downloads(self) -> tuple[RemotePath, FetchOptions | None]:
        """The URL that large files are fetched below, and with which options."""
        return self.place, None

    def commit(
        self,
        added: Sequence[Addition],
        removed: Sequence[str],
        *,
        expected: Mapping[str, Stored | None],
        message: str,
        private: bool = False,
        on_progress: OnProgress | None = None,
    ) -> bool:
        """Put and delete many files at once: all of it is seen, or nothing. Only where `commits_at_once`.

        Args:
            added: What to put; what is there already is not put again.
            removed: What to delete; what is not there is fine.
            expected: Files as they were found; None for one that is not there.
            message: What the change is, in one line.
            private: Whether a place that is not there yet is made for nobody else to see.
            on_progress: Called after each few files.

        Returns:
            Whether anything had to change.

        Raises:
            PreconditionFailed: If one of them is another by now.
            StorageError: If the store refuses, or does not answer.
        """
        raise NotImplementedError

    def read(self, name: str, *, max_bytes: int) -> Stored | None:
        """A small object; None if there is none.

        At most `max_bytes + 1` bytes are read of a larger one.

        Raises:
            StorageError: If the store does not answer, or refuses.
        """
        return self.attempts("read", name, lambda: self._read(name, max_bytes))

    def size(self, name: str) -> int | None:
        """An object's size; None if there is none."""
        return self.attempts("look for", name, lambda: self._size(name))

    def compare(self, name: str, file: Path, *, sha256: str) -> Comparison:
        """What an object is to a local file with that sha256."""
        size_bytes = self.size(name)
        if size_bytes is None:
            return "missing"
        return "same size" if size_bytes == file.stat().st_size else "different"

    def upload(self, file: Path, name: str, *, sha256: str) -> None:
        """Put a local file, whatever has the name. The object is there whole or not at all."""

        def put() -> None:
            filesystem, path = self.open(name)
            filesystem.put_file(str(file), path)

        self.attempts("write", name, put)

    def put(self, name: str, data: bytes, *, replaces: Stored | None) -> None:
        """Put a small object where there is none, or in the place of one version.

        Raises:
            PreconditionFailed: If there is another one by now.
        """

        def put() -> None:
            filesystem, path = self.open(name)
            if replaces is not None:
                if self._read(name, len(replaces.data)) != replaces:
                    raise PreconditionFailed
                filesystem.pipe_file(path, data)
                return
            if self._size(name) is not None:  # some file systems do not know `mode`
                raise PreconditionFailed
            try:
                try:
                    filesystem.pipe_file(path, data, mode="create")
                except FileNotFoundError:  # a file system with folders
                    filesystem.makedirs(filesystem._parent(path), exist_ok=True)
                    filesystem.pipe_file(path, data, mode="create")
            except FileExistsError:
                raise PreconditionFailed from None

        self.attempts("write", name, put)

    def remove(self, name: str) -> None:
        """Delete an object; one that is not there is fine."""

        def remove() -> None:
            filesystem, path = self.open(name)
            with contextlib.suppress(FileNotFoundError):
                filesystem.rm_file(path)

        self.attempts("delete", name, remove)

    def abort_uploads(self, names: Collection[str]) -> None:
        """Have the store forget unfinished uploads of objects, where it keeps any."""

    def open(self, name: str) -> tuple[Any, str]:
        """The file system and the object's path in it. What it remembers of listings is dropped."""
        from fsspec.core import url_to_fs

        redact_logs()
        filesystem, path = url_to_fs((self.place / name).url if name else self.place.url)
        filesystem.invalidate_cache()
        return filesystem, path

    def attempts(self, doing: str, name: str, action: Callable[[], _T]) -> _T:
        """What `action` returns, tried until it works or cannot.

        Raises:
            StorageError: If it does not work.
            PreconditionFailed: As `action` raised it.
        """
        options, where = self._options, self.place / name
        said = ""
        for attempt in range(1, options.max_attempts + 1):
            try:
                return action()
            except (PreconditionFailed, CorpuskitError):
                raise
            except Exception as error:  # every file system raises classes of its own
                failure = failure_of(error, where.url)
            if not isinstance(failure, Transient) or attempt == options.max_attempts:
                break
            wait_s = options.backoff_s(attempt)
            # The same failure over and over is one line.
            level = logging.DEBUG if str(failure) == said else logging.WARNING
            said = str(failure)
            log.log(level, "cannot %s %s: %s; trying again in %.1f s", doing, where, said, wait_s)
            options.sleep(wait_s)
        raise StorageError(f"cannot {doing} {where}: {failure}", path=str(where))

    def _read(self, name: str, max_bytes: int) -> Stored | None:
        filesystem, path = self.open(name)
        try:
            # The version first: a later one of the data then fails a put that says what it replaces.
            version = _version(filesystem.info(path))
            with filesystem.open(path, "rb", block_size=2**20) as file:
                return Stored(file.read(max_bytes + 1), version)
        except FileNotFoundError as error:
            if not is_missing(error):
                raise
            return None

    def _size(self, name: str) -> int | None:
        filesystem, path = self.open(name)
        try:
            size = filesystem.info(path)["size"]
        except FileNotFoundError as error:
            if not is_missing(error):
                raise
            return None
        return int(size) if size is not None else None


def _version(info: dict[str, Any]) -> str | None:
    for key in ("ETag", "etag", "generation", "version_id"):
        if info.get(key):
            return str(info[key])
    return None
