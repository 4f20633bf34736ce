"""Names of what is unfinished: `.<name>.<host>.<process>.<random>.tmp`, beside the name that it will have.

They say who writes it, so that what a killed process left can be told from what a living one is at. What
another process may go on with, such as a download, ends with `.<host>.<process>.part`.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import time
from pathlib import Path

_MAX_NAME_BYTES = 255
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[^.]*\.\d+\.[0-9a-f]{16}\.tmp")
_UNFINISHED = re.compile(r".+\.(?P<host>[^.]*)\.(?P<pid>\d+)(\.[0-9a-f]{16}\.tmp|\.part)")
_FOREIGN_IDLE_S = 3600.0


def temporary_name(path: Path) -> Path:
    """A name beside `path` that no other attempt, process or host uses."""
    rest = f".{host_name()}.{os.getpid()}.{secrets.token_hex(8)}.tmp"
    room = _MAX_NAME_BYTES - 1 - len(os.fsencode(rest))  # a long name is cut: no file system takes more
    return path.with_name(f".{os.fsdecode(os.fsencode(path.name)[:room])}{rest}")


def final_name(name: str) -> str | None:
    """The name that what has a temporary one will have, cut if it is long; None for any other name.

    Example:
        >>> final_name(".a.bin.host.12.0123456789abcdef.tmp")
        'a.bin'
    """
    found = _TEMPORARY.fullmatch(name)
    return found["name"] if found else None


def is_temporary_of(name: str, final: str) -> bool:
    """Whether a name is a temporary one of what will be called `final`, or, where it is cut, may be."""
    kept = final_name(name)
    is_cut = len(os.fsencode(name)) == _MAX_NAME_BYTES
    return kept == final or (kept is not None and is_cut and os.fsencode(final).startswith(os.fsencode(kept)))


def host_name() -> str:
    """This machine's name, as names of unfinished files have it."""
    return socket.gethostname().partition(".")[0]


def may_be_live(path: Path) -> bool:
    """Whether a process may be writing this unfinished file. A wrong answer costs bytes and nothing else."""
    match = _UNFINISHED.fullmatch(path.name)
    if match is None:
        return False
    if match["host"] != host_name():
        # Nothing tells whether a process of another machine lives, but a long silence.
        with contextlib.suppress(OSError):
            return time.time() - path.stat().st_mtime < _FOREIGN_IDLE_S
        return False
    try:
        os.kill(int(match["pid"]), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


__all__ = ["final_name", "host_name", "is_temporary_of", "may_be_live", "temporary_name"]
