"""Folders of unfinished work, which others may have prepared for us: made, checked, and seen to be in use.

The name of such a folder can be guessed, so it may be there already: a link that leads elsewhere, or a folder
that somebody else fills. It is used only if it is a real folder of this user's (or root's) that not everybody
can write. The path above it may have links: it is what the user named.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from corpuskit import storage
from corpuskit.errors import StorageError
from corpuskit.file_errors import looking_at, storage_error
from corpuskit.temporary_names import is_temporary_of, may_be_live, temporary_name

#: A group may write, where the user's umask lets it; everybody may not, whatever that says.
_MODE = 0o775
_ATTEMPTS = 3
_KINDS = {stat.S_IFREG: "a file", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}


def make_own(path: Path, *, option: str = "--output") -> None:
    """Make a folder and those above it, or take the one that is there.

    Args:
        path: The folder.
        option: What a user says to have it elsewhere, for errors.

    Raises:
        StorageError: If it cannot be made, or what is there is not safe to use.
    """
    for attempt in range(_ATTEMPTS):
        storage.make_directory(path.parent)
        try:
            path.mkdir(mode=_MODE)
        except FileExistsError:
            break
        except OSError as error:
            tidied_up = isinstance(error, FileNotFoundError)  # by somebody, meanwhile
            if not tidied_up or attempt == _ATTEMPTS - 1:
                raise storage_error(path, "create the folder", error) from error
        else:
            return
    if (reason := why_not_own(path)) is not None:
        raise StorageError(
            f"{path} is for unfinished work, and {reason}; delete it, or choose another {option}", path=path
        )


def why_not_own(path: Path) -> str | None:
    """What makes a folder unsafe to use, in words that follow 'and'; None if nothing does.

    Raises:
        StorageError: If it cannot be looked at.
    """
    with looking_at(path):
        status = path.lstat()
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFLNK:
        return f"is a link to {_target(path)}"
    if kind != stat.S_IFDIR:
        return f"is {_KINDS.get(kind, 'a device')}"
    if status.st_uid not in (0, os.geteuid()):
        return f"belongs to another user (uid {status.st_uid}), who may have filled it"
    if status.st_mode & stat.S_IWOTH and _keeps_modes(path):
        mode = stat.S_IMODE(status.st_mode)
        return f"can be written by everybody (mode {mode:04o}), who may have filled it"
    return None


def _target(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return "elsewhere"


def _keeps_modes(path: Path) -> bool:
    """Whether the file system keeps modes: on some, everybody seems to be able to write everything."""
    probe = temporary_name(path)
    try:
        probe.mkdir(mode=0o700)
    except OSError:
        return True
    try:
        return not probe.stat().st_mode & stat.S_IWOTH
    finally:
        with contextlib.suppress(OSError):
            probe.rmdir()


def remove_left_behind(final: Path) -> list[Path]:
    """Delete what processes that were killed have left of folders that were to take a name.

    Args:
        final: The name, beside which they are.

    Returns:
        Those that stay: a process may still be at work there.
    """
    stay = []
    for path in sorted(final.parent.iterdir()):
        if not is_temporary_of(path.name, final.name) or why_not_own(path) is not None:
            continue
        if may_be_live(path):
            stay.append(path)
        else:
            storage.remove_tree(path)
    return stay


@contextlib.contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Let others see, while the block runs, that this process works in a folder."""
    sign = storage.FileWriter(folder / "run")  # under its unfinished name, which has this process's number
    try:
        yield
    finally:
        sign.abort()


def is_in_use(folder: Path) -> bool:
    """Whether a process may be working in a folder.

    On another machine, one that has shown no sign of life for an hour does not.
    """
    return any(map(may_be_live, folder.glob(".run.*.tmp")))
