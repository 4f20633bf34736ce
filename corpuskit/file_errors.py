"""What goes wrong with files, as errors that name the file and say why."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from corpuskit.errors import StorageError
from corpuskit.temporary_names import final_name

#: A corpus's working folder, beside the name that the corpus will have.
_PREPARING = re.compile(r"\.(.+)\.preparing")


def reading_from(path: Path) -> contextlib.AbstractContextManager[None]:
    """A block that reads files: what goes wrong with one is a StorageError that names it."""
    return storage_errors(path, "read")


@contextlib.contextmanager
def looking_at(path: Path) -> Iterator[None]:
    """Turn what keeps one from looking at a place into an error that names it.

    Raises:
        StorageError: In place of an OSError, such as that of a folder that may not be entered.
    """
    with storage_errors(path, "look at"):
        yield


@contextlib.contextmanager
def storage_errors(path: Path, doing: str) -> Iterator[None]:
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        where = Path(os.fsdecode(error.filename)) if doing == "read" and error.filename else path
        raise storage_error(where, doing, error) from error


def storage_error(path: Path, doing: str, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        with contextlib.suppress(OSError):
            reason += f" ({shutil.disk_usage(path.parent).free:,} bytes are free there)"
    if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
        reason = "it exists already"
    shown = named_by_user(path)
    return StorageError(f"cannot {doing} {shown}: {reason}", path=shown)


def named_by_user(path: Path) -> Path:
    """The path that a user knows: for what is hidden while it is made, the name that it will have."""
    for number, part in enumerate(path.parts):
        found = _PREPARING.fullmatch(part)
        if name := found[1] if found else final_name(part):
            return Path(*path.parts[:number], name)
    return path
