"""What a user's path or URL stands for: a file, a folder's files, or those that a glob matches.

A name that is there is taken literally, whatever its characters; only one that is not there can be a glob.
"""

from __future__ import annotations

import abc
import os
import stat
from collections.abc import Iterable

from corpuskit.errors import SourceError
from corpuskit.paths import local_path, user_path
from corpuskit.sources.inputs.files import ABSENT, file_system, store_errors, unreadable
from corpuskit.sources.listing.folders import FileFilter, Glob, has_magic, list_folder, list_store
from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.sources.listing.text_files import text_files
from corpuskit.urls import is_remote, scheme_of, shown


class Place(abc.ABC):
    """Where text was said to be.

    Attributes:
        typed: What the user typed, without credentials.
        location: A file's path or URL; a folder or a glob as it is listed.
        kind: "file", "folder" or "glob".
    """

    typed: str
    location: str
    kind: str

    def files(self, left_out: LeftOut, *, format: str | None = None) -> list[tuple[str, str]]:
        """The location and the format of each text file of a folder or a glob, sorted by name.

        Args:
            left_out: Where files that are not text are counted.
            format: The format that the user chose for every file.

        Raises:
            SourceError: If there is no file at all.
            StorageError: If a folder cannot be listed.
        """
        folder, file_filter = self._filter()
        names = [name for name in self._list(folder, file_filter) if file_filter.matches(name)]
        if not names:
            raise SourceError(f"{self.typed}: no files there", path=self.typed)
        found = text_files(names, left_out, format=format, asked=file_filter.asked)
        return [(self._join(folder, name), format) for name, format in found]

    def reads(self, path: str) -> bool:
        """Whether a file of this machine would be among a folder's or a glob's files, were it there.

        Args:
            path: The file's path, links resolved.
        """
        return False

    def _filter(self) -> tuple[str, FileFilter]:
        """The folder to list, and what is selected there."""
        if self.kind != "glob":
            return self.location, FileFilter()
        glob = Glob(self.location, is_folder=self._is_folder)
        return glob.folder, glob

    @abc.abstractmethod
    def _is_folder(self, location: str) -> bool:
        """Whether there is a folder at a location."""

    @abc.abstractmethod
    def _list(self, folder: str, file_filter: FileFilter) -> Iterable[str]:
        """The files below a folder, relative to it; see `corpuskit.sources.listing.folders`."""

    @abc.abstractmethod
    def _join(self, folder: str, name: str) -> str:
        """The location of a file below a folder."""


class _OnDisk(Place):
    def __init__(self, typed: str, path: str) -> None:
        self.typed, self.location = typed, path
        if is_folder(path, typed=typed):
            self.kind = "folder"
        elif os.path.lexists(path):
            self.kind = "file"
        elif has_magic(path):
            self.kind = "glob"
        else:
            raise SourceError(f"{typed}: no such file or folder", path=typed)

    def reads(self, path: str) -> bool:
        if self.kind == "file":
            return False
        folder, file_filter = self._filter()
        inside = os.path.join(os.path.realpath(folder or "."), "")  # noqa: PTH118
        return path.startswith(inside) and file_filter.matches(path[len(inside) :])

    def _is_folder(self, location: str) -> bool:
        return is_folder(location, typed=self.typed)

    def _list(self, folder: str, file_filter: FileFilter) -> Iterable[str]:
        return list_folder(folder or ".", file_filter) if is_folder(folder or ".", typed=self.typed) else ()

    def _join(self, folder: str, name: str) -> str:
        return os.path.join(folder, name)  # noqa: PTH118 (this runs for every file of a corpus)


class _InStore(Place):
    def __init__(self, typed: str, url: str) -> None:
        self.typed, self.location, self._url = typed, url, url
        with store_errors(self._url, "listed"):
            self._system, path = file_system(url)
            self._system.invalidate_cache()  # what another process put there must be seen
            if self._system.isdir(path):
                self.kind, self.location = "folder", path
            elif has_magic(path) and not self._system.exists(path):
                self.kind, self.location = "glob", path
            else:
                self.kind = "file"

    def _is_folder(self, location: str) -> bool:
        with store_errors(self._url, "listed"):
            return bool(self._system.isdir(location))

    def _list(self, folder: str, file_filter: FileFilter) -> Iterable[str]:
        with store_errors(self._url, "listed"):
            return list(list_store(self._system, folder.rstrip("/"), file_filter))

    def _join(self, folder: str, name: str) -> str:
        url: str = self._system.unstrip_protocol(f"{folder.rstrip('/')}/{name}")
        return url


class _OnTheWeb(Place):
    """One file at a URL of http or https, which have no folders to list."""

    def __init__(self, typed: str, url: str) -> None:
        self.typed, self.location, self.kind = typed, url, "file"

    def _is_folder(self, location: str) -> bool:
        return False

    def _list(self, folder: str, file_filter: FileFilter) -> Iterable[str]:
        return ()

    def _join(self, folder: str, name: str) -> str:
        return f"{folder}/{name}"


def place_of(typed: str) -> Place:
    """The place that a path or a URL means.

    Raises:
        SourceError: If nothing is there.
        StorageError: If it cannot be looked at.
        ConfigError: If no path is like this, or a file URL names another machine.
    """
    if not is_remote(typed):
        return _OnDisk(typed, str(user_path(typed)))
    path = local_path(typed)
    if path is not None:
        return _OnDisk(shown(typed), str(path))
    return (_OnTheWeb if scheme_of(typed) in ("http", "https") else _InStore)(shown(typed), typed)


def is_folder(path: str, *, typed: str) -> bool:
    """Whether a folder of this machine is there, or a link to one.

    Args:
        path: Where it would be.
        typed: What the user typed.

    Raises:
        StorageError: If that cannot be known, as below a folder that may not be entered.
    """
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 (Path's hides no more, and no less)
    except OSError as error:
        if error.errno in ABSENT:
            return False
        remedy = ""
        if isinstance(error, PermissionError):
            remedy = "give yourself the right to enter its folders, or name another path"
        raise unreadable(f"{typed}:", "looked at", error, path=typed, remedy=remedy) from error


def refuse_corpus(pattern: str) -> None:
    """Refuse a folder that `prepare` made: its manifest and its run's record are no text.

    Raises:
        SourceError: Naming it.
    """
    path = local_path(pattern)
    if path is None or not (path / "manifest.json").is_file():
        return
    if any(path.glob("*-00000.idx")):
        raise SourceError(
            f"{pattern}: this is a prepared corpus, which 'corpuskit info {pattern}' shows; give the text "
            "that a corpus is to be made of",
            path=path,
        )


__all__ = ["Place", "is_folder", "place_of", "refuse_corpus"]
