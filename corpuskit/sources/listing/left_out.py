"""What a listing leaves out: counted by kind, and said in the same words wherever files are listed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

log = logging.getLogger(__name__)

#: Each kind in words, for one or more.
KINDS: Mapping[str, str] = {
    "hidden": "hidden",
    "bookkeeping": "bookkeeping",
    "metadata": "metadata",
    "license": "license",
    "readme": "readme",
    "unknown-format": "of unknown format",
    "folder": "folder",
    "folder-marker": "folder marker",
    "not-regular": "not a regular file",
    "same-file": "found twice",
}
#: What is left out and yet read, or has nothing to be read.
_NOT_MISSED = frozenset({"folder-marker", "same-file"})
_REMEDY = "; to read a file all the same, name it, with --format where its format is unknown"
#: So many names of a kind are said.
_NAMES_SAID = 3


class LeftOut:
    """The files and folders that a source found and does not read.

    Attributes:
        names: Each kind's names, in the order in which they were found.
        of_archive: Whether some of them are members of an archive, which nobody can name.
    """

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}
        self.of_archive = False

    def add(self, kind: str, name: str) -> None:
        """Count a file, or a folder with all that is in it: its name ends with a slash."""
        self.names.setdefault(kind, []).append(name)

    @property
    def counts(self) -> dict[str, int]:
        """How many files and folders there are of each kind, by kind in alphabetical order."""
        return {kind: len(self.names[kind]) for kind in sorted(self.names)}

    def summary(self) -> str:
        """All of it in one phrase: "2 hidden (.git/, .x), 1 license (LICENSE)"; empty if it is nothing."""
        return ", ".join(
            f"{len(self.names[kind]):,} {words} ({first_of(self.names[kind])})"
            for kind, words in KINDS.items()
            if kind in self.names
        )

    def say(self, where: str) -> None:
        """Warn of it in one line, which Python shows to who has set up no logging; say nothing of nothing."""
        if self.names:
            remedy = "" if self.names.keys() <= _NOT_MISSED else _REMEDY
            if remedy and self.of_archive:
                remedy += ", and unpack an archive that holds it"
            log.warning("%s: left out %s%s", where, self.summary(), remedy)


def say_formats(where: str, files: Iterable[tuple[str, str]]) -> None:
    """Warn in one line where files of several formats are read together.

    Args:
        where: What was listed.
        files: Each file's name and format.
    """
    by_format: dict[str, list[str]] = {}
    for name, format in files:
        by_format.setdefault(format, []).append(name)
    if len(by_format) > 1:
        parts = [
            f"{len(names):,} {format} ({first_of(names)})" for format, names in sorted(by_format.items())
        ]
        log.warning(
            "%s: files of several formats are read together: %s; if that is not meant, choose them by a glob "
            "such as '*.jsonl'",
            where,
            ", ".join(parts),
        )


def first_of(names: list[str]) -> str:
    """The first of some names, for a message."""
    more = ", ..." if len(names) > _NAMES_SAID else ""
    return ", ".join(names[:_NAMES_SAID]) + more


__all__ = ["KINDS", "LeftOut", "first_of", "say_formats"]
