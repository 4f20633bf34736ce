"""Who asked for which file: what `fetch` and the vocabularies' own places gave while a block runs."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

from corpuskit.registry.specs import RemoteFile


@dataclasses.dataclass(frozen=True, slots=True)
class Recorded:
    """A file that was asked for and found.

    Args:
        file: What was asked for.
        sha256: The hexadecimal digest of what was found.
        size_bytes: And its size.
        read_from: The URL that the bytes are recorded as, without credentials.
        path: Where it is on this machine; None where it was made.
        data: Its bytes, where it was made.
    """

    file: RemoteFile
    sha256: str
    size_bytes: int
    read_from: str
    path: Path | None = None
    data: bytes | None = None


_lock = threading.Lock()
_lists: list[list[Recorded]] = []


@contextlib.contextmanager
def recorded() -> Iterator[list[Recorded]]:
    """A list that grows by each file that is found while the block runs, in whichever thread."""
    files: list[Recorded] = []
    with _lock:
        _lists.append(files)
    try:
        yield files
    finally:
        with _lock:
            _lists[:] = [each for each in _lists if each is not files]


def is_on() -> bool:
    """Whether somebody records."""
    return bool(_lists)


def note(found: Recorded) -> None:
    """Tell whoever records of a file."""
    with _lock:
        for files in _lists:
            files.append(found)


__all__ = ["Recorded", "is_on", "note", "recorded"]
