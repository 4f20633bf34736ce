"""Deleting folders of unfinished work: what corpuskit made in them, by name, and never through a link.

Names are looked up in folders that are held open, so that nobody can put a link in the way of a deletion
while it goes on.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

_ATTEMPTS = 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(path: Path) -> None:
    """Delete a directory that this attempt made, and everything in it. Raises nothing."""
    try:
        remove_folder(path, lambda name: True)
    except OSError as error:
        log.debug("%s stays behind: %s", path, error)


def remove_ours(path: Path, ours: Callable[[str], bool]) -> None:
    """Delete what is ours in a directory, and the directory if that was all; say what stays.

    Args:
        path: The directory, which is not needed any more.
        ours: As `remove_folder` takes it.
    """
    try:
        strangers = remove_folder(path, ours)
    except OSError as error:
        log.warning("%s cannot be deleted: %s; delete it", path, error.strerror or error)
    else:
        if strangers:
            log.warning("%s is kept: it holds %r, which corpuskit did not make", path, strangers[0])


def remove_folder(path: Path, ours: Callable[[str], bool]) -> list[str]:
    """Delete what is ours in a folder, and the folder if that was all; one that is not there is fine.

    Others may be deleting it too, or still be writing into it: what they change meanwhile is gone over again.

    Args:
        path: The folder; a link is an error.
        ours: Whether a name inside may be deleted: `a/b` is a file, or a link, which is not followed; `a/` is
            a folder.

    Returns:
        The names that stayed.

    Raises:
        OSError: If something cannot be deleted.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _remove(str(path), None, ours, "")
        except FileNotFoundError:
            if not os.path.lexists(path):
                return []
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or attempt == _ATTEMPTS - 1:
                raise
    return []


def _remove(name: str, parent: int | None, ours: Callable[[str], bool], inside: str) -> list[str]:
    folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        strangers = _empty(folder, ours, inside)
    finally:
        with contextlib.suppress(OSError):
            os.close(folder)
    if not strangers:
        os.rmdir(name, dir_fd=parent)
    return strangers


def _empty(folder: int, ours: Callable[[str], bool], inside: str) -> list[str]:
    strangers = []
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        path = f"{inside}{name}/" if is_folder else f"{inside}{name}"
        if not ours(path):
            strangers.append(path)
        elif is_folder:
            strangers += _remove(name, folder, ours, path)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
    return strangers
