"""Every file below a folder, of this machine or of a store, and what a glob matches there.

A folder that cannot be listed is an error that names it, never an absence. Links are followed; a folder to
which several lead is looked into once, so that every listing ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from fsspec.utils import glob_translate

from corpuskit.errors import ConfigError
from corpuskit.sources.inputs.files import unreadable
from corpuskit.sources.listing.text_files import is_hidden

_MAGIC = re.compile(r"[*?\[]")
#: So many letters at the beginning of a glob's last part say which files are meant: `README*`, `licen*`.
_SAYS_WHICH = 4
#: What a file filter knows of the names on the way to a folder.
_State = frozenset[int]


def has_magic(pattern: str) -> bool:
    """Whether a path could be a glob."""
    return _MAGIC.search(pattern) is not None


class FileFilter:
    """Everything below a folder but what lies in hidden and bookkeeping folders.

    Attributes:
        asked: The beginnings of names that are selected whatever they mean.
    """

    asked: frozenset[str] = frozenset()

    def start(self) -> _State:
        """The state in the folder itself."""
        return frozenset({0})

    def below(self, state: _State, name: str) -> _State | None:
        """The state in a folder of that name, inside of one; None where nothing below can be selected."""
        return None if is_hidden(name, self.asked) else state

    def matches(self, path: str) -> bool:
        """Whether a file, or a folder, given relative to the folder that is listed, is selected."""
        return True


class Glob(FileFilter):
    """What a glob matches: `*`, `?` and `[...]` inside one name, `**` any number of folders.

    A state holds the numbers of the pattern's parts that may come next: under two ways to one folder that
    have the same state, the same files are selected.

    Args:
        pattern: The glob.
        is_folder: Says of the beginning of the pattern whether it is the name of a folder, brackets and all.

    Attributes:
        folder: The folder above the first name that is a pattern.
        asked: The beginnings of names that the pattern has itself and so asks for: "." and "_", and that of
            its last part.

    Raises:
        ConfigError: If it is none.
    """

    def __init__(self, pattern: str, *, is_folder: Callable[[str], bool]) -> None:
        parts = pattern.split("/")
        first = 0
        while first < len(parts) - 1 and (
            not has_magic(parts[first]) or is_folder("/".join(parts[: first + 1]))
        ):
            first += 1
        self.folder = "/".join(parts[:first]) or ("/" if pattern.startswith("/") else "")
        patterns = [part for part in parts[first:] if part]
        beginning = _MAGIC.split(patterns[-1])[0].lower() if patterns else ""
        asked = {part[0] for part in patterns if part[0] in "._"}
        self.asked = frozenset(asked | ({beginning} if len(beginning) >= _SAYS_WHICH else set()))
        try:
            self._parts = [None if part == "**" else re.compile(glob_translate(part)) for part in patterns]
        except ValueError as error:
            raise ConfigError(f"{pattern}: not a glob: {error}", found=pattern) from error

    def start(self) -> _State:
        """The state before the first name."""
        return self._with_skipped({0})

    def below(self, state: _State, name: str) -> _State | None:
        """The state after one more name, that of a folder; None where the glob ends before what is in it."""
        following = self._after(state, name)
        goes_on = any(number < len(self._parts) for number in following)
        return following if goes_on and not is_hidden(name, self.asked) else None

    def matches(self, path: str) -> bool:
        """Whether the glob means a file or a folder, given relative to `folder`."""
        state = self.start()
        for name in path.rstrip("/").split("/"):
            state = self._after(state, name)
        return len(self._parts) in state

    def _after(self, state: _State, name: str) -> _State:
        following = set()
        for number in state:
            if number < len(self._parts):
                part = self._parts[number]
                if part is None:
                    following.add(number)
                    if number == len(self._parts) - 1:
                        following.add(number + 1)
                elif part.match(name):
                    following.add(number + 1)
        return self._with_skipped(following)

    def _with_skipped(self, numbers: set[int]) -> _State:
        """The numbers of parts with those after a `**`, which may match nothing but at the end."""
        for number, part in enumerate(self._parts[:-1]):
            if part is None and number in numbers:
                numbers.add(number + 1)
        return frozenset(numbers)


def list_folder(folder: str, file_filter: FileFilter) -> Iterator[str]:
    """The files in a folder of this machine and below, relative to it, in no order.

    Folders that are not looked into, because nothing below can be selected, come with a slash at their end.
    Of several ways to a folder, one without links is taken.

    Args:
        folder: The folder.
        file_filter: Decides where to look.

    Raises:
        SourceError: If a folder is not there any more.
        StorageError: If one cannot be listed.
    """
    todo = [("", file_filter.start())]
    links: list[tuple[str, _State]] = []
    seen: set[tuple[str, _State]] = set()
    while todo or links:
        parent, state = todo.pop() if todo else links.pop()
        real = os.path.realpath(os.path.join(folder, parent))  # noqa: PTH118 (ten times faster than Path)
        if (real, state) in seen:
            continue
        seen.add((real, state))
        for name, is_folder, is_link in _entries(folder, parent):
            path = f"{parent}/{name}" if parent else name
            if not is_folder:
                yield path
            elif (following := file_filter.below(state, name)) is None:
                yield f"{path}/"
            else:
                (links if is_link else todo).append((path, following))


def _entries(folder: str, parent: str) -> list[tuple[str, bool, bool]]:
    """The entries of a folder, sorted by name: each with whether it is a folder, and whether a link."""
    where = os.path.join(folder, parent)  # noqa: PTH118
    try:
        with os.scandir(where) as entries:
            return sorted((entry.name, _is_folder(entry), entry.is_symlink()) for entry in entries)
    except OSError as error:
        raise unreadable(f"{where}:", "listed", error, path=where) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; what cannot be told is a file, which then says why."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def list_store(system: Any, folder: str, file_filter: FileFilter) -> Iterator[str]:
    """The same for a folder of a store, given the fsspec file system.

    Stores without folders list all that is below in one go, wherever the filter would look.
    """
    if _lists_all_at_once(system):
        for path in system.find(folder):
            if name := path[len(folder) :].lstrip("/"):
                yield name
        return
    todo = [(folder, file_filter.start())]
    while todo:
        parent, state = todo.pop()
        for entry in system.ls(parent, detail=True):
            path = entry["name"].rstrip("/")
            name = path[len(folder) :].lstrip("/")
            if entry["type"] != "directory":
                yield name
            elif (following := file_filter.below(state, name.rpartition("/")[2])) is None:
                yield f"{name}/"
            else:
                todo.append((path, following))


def _lists_all_at_once(system: Any) -> bool:
    """Whether a file system has a `find` of its own; the usual one swallows errors."""
    from fsspec.asyn import AsyncFileSystem
    from fsspec.spec import AbstractFileSystem

    kind = type(system)
    if isinstance(system, AsyncFileSystem):
        return kind._find is not AsyncFileSystem._find
    return kind.find is not AbstractFileSystem.find


__all__ = ["Glob", "FileFilter", "has_magic", "list_folder", "list_store"]
