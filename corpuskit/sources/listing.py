"""Every file below a folder, of this machine or of a store, and what a glob matches there.

A folder that cannot be listed is an error that names it, never an absence. Links are followed; a folder that
several lead to is listed once, so that every listing ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from fsspec.utils import glob_translate

from corpuskit.errors import ConfigError, SourceError

_MAGIC = re.compile(r"[*?\[]")

#: Says of a folder, given relative to the one that is listed, whether to look into it.
Enter = Callable[[str], bool]


def has_magic(pattern: str) -> bool:
    """Whether a path could be a glob."""
    return _MAGIC.search(pattern) is not None


def list_folder(folder: str, enter: Enter) -> Iterator[str]:
    """The files below a folder of this machine, relative to it, in no order.

    Args:
        folder: The folder.
        enter: Which folders below are looked into; of the others come their names, with a slash at their end.

    Raises:
        SourceError: If a folder cannot be listed.
    """
    seen = {os.path.realpath(folder)}
    todo = [""]
    while todo:
        parent = todo.pop()
        try:
            with os.scandir(os.path.join(folder, parent)) as entries:  # noqa: PTH118 (ten times faster than Path)
                # Of a folder and a link to it, the folder gives the name.
                found = sorted((entry.is_symlink(), entry.name, _is_folder(entry)) for entry in entries)
        except OSError as error:
            where = os.path.join(folder, parent)  # noqa: PTH118
            raise SourceError(f"{where}: cannot be listed: {error.strerror}", path=where) from error
        for _, name, is_folder in found:
            path = f"{parent}/{name}" if parent else name
            if not is_folder:
                yield path
            elif not enter(path):
                yield f"{path}/"
            elif (real := os.path.realpath(os.path.join(folder, path))) not in seen:  # noqa: PTH118
                seen.add(real)
                todo.append(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; what cannot be told is a file, which then says why."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def list_store(system: Any, folder: str, enter: Enter) -> Iterator[str]:
    """The same for a folder of a store, given the fsspec file system.

    Stores without folders list all that is below in one go, whatever `enter` says.
    """
    if _lists_all_at_once(system):
        for path in system.find(folder):
            if name := path[len(folder) :].lstrip("/"):
                yield name
        return
    todo = [folder]
    while todo:
        for entry in system.ls(todo.pop(), detail=True):
            path = entry["name"].rstrip("/")
            name = path[len(folder) :].lstrip("/")
            if entry["type"] != "directory":
                yield name
            elif enter(name):
                todo.append(path)
            else:
                yield f"{name}/"


def _lists_all_at_once(system: Any) -> bool:
    """Whether a file system has a `find` of its own; the usual one swallows errors."""
    from fsspec.asyn import AsyncFileSystem
    from fsspec.spec import AbstractFileSystem

    kind = type(system)
    if isinstance(system, AsyncFileSystem):
        return kind._find is not AsyncFileSystem._find
    return kind.find is not AbstractFileSystem.find


class Glob:
    """A glob: `*`, `?` and `[...]` match inside one name, `**` any number of folders.

    Args:
        pattern: The glob.

    Attributes:
        folder: The folder above the first name that is a pattern.
        asked: The beginnings of names, "." and "_", that the pattern has itself and so asks for.

    Raises:
        ConfigError: If it is none.
    """

    def __init__(self, pattern: str) -> None:
        parts = pattern.split("/")
        first = next(number for number, part in enumerate(parts) if has_magic(part))
        self.folder = "/".join(parts[:first]) or ("/" if pattern.startswith("/") else "")
        patterns = [part for part in parts[first:] if part]
        self.asked = frozenset(part[0] for part in patterns if part[0] in "._")
        try:
            self._whole = re.compile(glob_translate("/".join(patterns)))
            self._names = [None if part == "**" else re.compile(glob_translate(part)) for part in patterns]
        except ValueError as error:
            raise ConfigError(f"{pattern}: not a glob: {error}", found=pattern) from error

    def enters(self, path: str) -> bool:
        """Whether a folder, relative to `folder`, may hold what the glob matches."""
        names = path.split("/")
        for name, wanted in zip(names, self._names, strict=False):
            if wanted is None:
                return True
            if not wanted.match(name):
                return False
        return len(names) < len(self._names)

    def matches(self, path: str) -> bool:
        """Whether a file or folder, relative to `folder`, is one that the glob means."""
        return self._whole.match(path.rstrip("/")) is not None
