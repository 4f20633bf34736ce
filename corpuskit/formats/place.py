"""Where an export goes: a folder of this machine, which appears in one step, or a place in an object store.

A store has no such step, and trainers' files have names that cannot be others'. There `export.json` is the
commit: it is put last, and where an export is replaced it is taken away first.
"""

from __future__ import annotations

import abc
import contextlib
import json
import logging
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpuskit import folders, reading, storage
from corpuskit.cache import default_cache_dir, make_folder
from corpuskit.errors import ConfigError, StorageError
from corpuskit.fetching.places import hash_file
from corpuskit.file_errors import looking_at
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.paths import user_path
from corpuskit.registry.blame import not_theirs
from corpuskit.stores.base import PreconditionFailed
from corpuskit.stores.opening import open_store
from corpuskit.temporary_names import temporary_name
from corpuskit.urls import RemotePath, remote_path, with_two_slashes

log = logging.getLogger(__name__)

#: What each export says about itself; also how a folder is known to be one.
FILE_NAME = "export.json"
_MAX_BYTES = 64 * 2**20

#: A file of an export: its name, `size_bytes` and `sha256`.
FileRecord = Mapping[str, str | int]


class Place(abc.ABC):
    """Where an export goes.

    Attributes:
        path: The folder or the URL.
    """

    path: Path | RemotePath

    @abc.abstractmethod
    def description(self) -> Any:
        """What `export.json` says there; an empty object if there is none, or none that is JSON.

        Raises:
            StorageError: If it is there and cannot be read.
        """

    @abc.abstractmethod
    def has(self, name: str, size_bytes: int) -> bool:
        """Whether a file of that size is there."""

    @abc.abstractmethod
    def check(self, *, overwrite: bool) -> None:
        """Refuse a place that is taken: only an export, and nothing else of the user's, is ever replaced."""

    @abc.abstractmethod
    def staged(self) -> Path:
        """A name for a folder on this machine that is nobody else's; what killed runs left is deleted."""

    @abc.abstractmethod
    def commit(
        self, staged: Path, files: Sequence[FileRecord], *, overwrite: bool, on_progress: OnProgress | None
    ) -> None:
        """Let a finished folder be the export."""

    def written(self) -> set[str]:
        """The names of the files that an export wrote there; none if it is not an export."""
        try:
            names = [str(record["file"]) for record in self.description()["files"]]
            return {FILE_NAME, *(name for name in names if not {"", ".", ".."} & {*name.split("/")})}
        except (LookupError, TypeError):
            return set()

    def _refuse(self, stranger: str) -> ConfigError:
        return ConfigError(
            f"{self.path} holds {stranger!r}, which no export wrote; choose another --output",
            path=str(self.path),
            found=stranger,
        )

    def _refuse_other(self) -> ConfigError:
        return ConfigError(
            f"{self.path} holds another export already; replace it with --overwrite, or choose another "
            "--output",
            path=str(self.path),
        )


class LocalPlace(Place):
    """A folder of this machine.

    Raises:
        ConfigError: If no folder can be made of the name.
    """

    def __init__(self, output: str | os.PathLike[str]) -> None:
        self.path: Path = user_path(output, what="--output")
        if self.path.name in ("", ".."):
            raise ConfigError(
                f"--output {output}: an export needs a folder with a name of its own", path=self.path
            )

    def description(self) -> Any:
        """See `Place.description`."""
        path = self.path / FILE_NAME
        try:
            return _parsed(reading.read_file(path, max_bytes=_MAX_BYTES))
        except (FileNotFoundError, NotADirectoryError, reading.NotAFile, reading.TooLarge):
            return {}
        except OSError as error:
            raise StorageError(f"{path}: cannot be read: {error.strerror or error}", path=path) from error

    def has(self, name: str, size_bytes: int) -> bool:
        """See `Place.has`."""
        with contextlib.suppress(OSError):
            status = (self.path / name).lstat()
            return stat.S_ISREG(status.st_mode) and status.st_size == size_bytes
        return False

    def check(self, *, overwrite: bool) -> None:
        """See `Place.check`."""
        with looking_at(self.path):
            is_folder = self.path.is_dir() and not self.path.is_symlink()
            if not is_folder and os.path.lexists(self.path):
                raise ConfigError(f"{self.path} is not a folder; choose another --output", path=self.path)
            if not is_folder or not any(self.path.iterdir()):
                return
            strangers = sorted(_strangers(self.path, self.written()))
        if strangers:
            raise self._refuse(strangers[0])
        if not overwrite:
            raise self._refuse_other()

    def staged(self) -> Path:
        """See `Place.staged`."""
        return _beside(self.path)

    def commit(
        self, staged: Path, files: Sequence[FileRecord], *, overwrite: bool, on_progress: OnProgress | None
    ) -> None:
        """See `Place.commit`."""
        storage.commit_directory(staged, self.path, replace=overwrite)


class RemotePlace(Place):
    """A place in an object store."""

    def __init__(self, place: RemotePath) -> None:
        self.path: RemotePath = place
        self._store = open_store(place)

    def description(self) -> Any:
        """See `Place.description`."""
        found = self._store.read(FILE_NAME, max_bytes=_MAX_BYTES)
        return {} if found is None else _parsed(found.data)

    def has(self, name: str, size_bytes: int) -> bool:
        """See `Place.has`."""
        return self._store.size(name) == size_bytes

    def check(self, *, overwrite: bool) -> None:
        """See `Place.check`; objects of the names to be are looked for when they are known."""
        if self._store.size(FILE_NAME) is None:
            return
        if not self.written():
            raise self._refuse(FILE_NAME)
        if not overwrite:
            raise self._refuse_other()

    def staged(self) -> Path:
        """See `Place.staged`."""
        return _beside(make_folder(default_cache_dir(), "work") / self.path.id)

    def commit(
        self, staged: Path, files: Sequence[FileRecord], *, overwrite: bool, on_progress: OnProgress | None
    ) -> None:
        """Put the files that are not there yet, then `export.json`, then delete what only the old one had."""
        store, old = self._store, self.written()
        missing = [record for record in files if not self._has_bytes(record, staged, overwrite=overwrite)]
        if old:
            store.remove(FILE_NAME)
        told = not_theirs(on_progress) if on_progress is not None else None
        done, total = 0, sum(int(record["size_bytes"]) for record in missing)
        for record in missing:
            name = str(record["file"])
            store.upload(staged / name, name, sha256=str(record["sha256"]))
            if store.compare(name, staged / name, sha256=str(record["sha256"])) not in ("same", "same size"):
                raise StorageError(
                    f"{self.path / name}: the store has other bytes than were uploaded; export again with "
                    "--overwrite",
                    path=str(self.path / name),
                )
            done += int(record["size_bytes"])
            if told is not None:
                told(Progress("upload", name, done, total))
        data = (staged / FILE_NAME).read_bytes()
        try:
            store.put(FILE_NAME, data, replaces=None)
        except PreconditionFailed:  # our own, if an answer got lost, or of a run that made the same
            found = store.read(FILE_NAME, max_bytes=len(data))
            if found is None or found.data != data:
                raise self._refuse_other() from None
        store.abort_uploads([str(record["file"]) for record in files])
        for name in sorted(old - {FILE_NAME, *(str(record["file"]) for record in files)}):
            store.remove(name)

    def _has_bytes(self, record: FileRecord, staged: Path, *, overwrite: bool) -> bool:
        """Whether an object is there already, as a run that was stopped may have left it.

        Raises:
            ConfigError: If another one is, and may not be replaced.
        """
        name, sha256 = str(record["file"]), str(record["sha256"])
        there = self._store.compare(name, staged / name, sha256=sha256)
        if there == "same size":
            with self._fetched(name, staged.with_name(f"{staged.name}.there")) as file:
                there = "same" if hash_file(file)[0] == sha256 else "different"
        if there == "different" and not overwrite:
            raise ConfigError(
                f"{self.path / name} is there and is not part of this export; delete it, choose another "
                "--output, or use --overwrite",
                path=str(self.path / name),
            )
        return there == "same"

    @contextlib.contextmanager
    def _fetched(self, name: str, path: Path) -> Iterator[Path]:
        """An object of which the store says no more than the size, on this machine for a while."""

        def fetch() -> None:
            filesystem, key = self._store.open(name)
            filesystem.get_file(key, str(path))

        try:
            self._store.attempts("read", name, fetch)
            yield path
        finally:
            storage.remove_file(path)


def open_place(output: str | os.PathLike[str]) -> Place:
    """The place that `--output` names.

    Raises:
        ConfigError: If no folder or URL can be like this.
    """
    place = remote_path(with_two_slashes(output))
    return LocalPlace(output) if place is None else RemotePlace(place)


def _beside(path: Path) -> Path:
    storage.make_directory(path.parent)
    for folder in folders.remove_left_behind(path):
        log.warning("unless another export is running, delete %s: one that was stopped left it", folder)
    return temporary_name(path)


def _strangers(folder: Path, written: set[str], inside: str = "") -> Iterator[str]:
    """What an export did not write of what a folder holds; a folder without anything of it is one name."""
    for entry in folder.iterdir():
        name = f"{inside}{entry.name}"
        if name in written:
            continue
        is_folder = entry.is_dir() and not entry.is_symlink()
        if is_folder and any(one.startswith(f"{name}/") for one in written):
            yield from _strangers(entry, written, f"{name}/")
        else:
            yield name


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return {}


__all__ = ["FILE_NAME", "LocalPlace", "Place", "RemotePlace", "open_place"]
