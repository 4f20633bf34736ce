"""Values of options with how a user said each: as a field, in a file, or as a flag."""

from __future__ import annotations

import copy
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from corpuskit import reading
from corpuskit.errors import ConfigError
from corpuskit.near import hint, near

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: The most that a file of options may have.
_MAX_BYTES = 8 * 2**20
#: What may stand for a key or a part of it.
_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_HEADER = re.compile(rf"\s*\[\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]")
_ASSIGNED = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)|\s*\(at end of document\)")
_BARE = re.compile(rf"\s*{_KEY}\s*=\s*([A-Za-z_./~][^\s#,\]}}]*)")


class Said(dict[str, Any]):
    """Values by the name of their field, as Python says them."""

    def place(self, key: str) -> str:
        """Where a value was said, with a colon behind it; empty where that is plain."""
        return ""

    def said(self, key: str, value: Any) -> str:
        """A value as it was said."""
        return f"{self.place(key)}{key} = {value!r:.100}"

    def without(self, keys: Iterable[str]) -> Said:
        """The same, but for some keys."""
        rest = copy.copy(self)
        for key in [*keys]:
            rest.pop(key, None)
        return rest

    def place_of(self, value: Any) -> str:
        """Where a value was said that is refused later, with a colon behind it; empty where that is plain."""
        return next((self.place(key) for key in self if value is not None and self[key] == value), "")

    def unknown(self, key: str, known: Sequence[str]) -> str:
        """The error about a key that is no field."""
        return f"{self.place(key)}unknown field {key!r}; {hint(key, known, most=1)}"


class SaidInFile(Said):
    """Values of a TOML file.

    Args:
        values: The values.
        path: The file.
        lines: Where each key is, by its whole name.
        table: The table that wins over the top of the file.
        tables: All tables that may be there.
    """

    def __init__(
        self, values: dict[str, Any], *, path: Path, lines: dict[str, int], table: str, tables: Sequence[str]
    ) -> None:
        super().__init__(values)
        self.path, self._lines, self._table, self._tables = path, lines, table, tables

    @property
    def at_top(self) -> list[str]:
        """The keys that stand above the tables and in no table."""
        return [key for key in self if f"{self._table}.{key}" not in self._lines]

    def place(self, key: str) -> str:
        line = self._lines.get(f"{self._table}.{key}", self._lines.get(key))
        return f"{self.path}: " if line is None else f"{self.path}:{line}: "

    def unknown(self, key: str, known: Sequence[str]) -> str:
        if not isinstance(self[key], dict):
            return super().unknown(key, known)
        close = near(key, self._tables, most=1)
        meant = f"did you mean [{close[0]}]?" if close else f"known: [{'], ['.join(self._tables)}]"
        return f"{self.place(key)}unknown table [{key}]; {meant}"


class TomlFile:
    """A TOML file, read once: it may be a pipe.

    Args:
        path: The file.
        what: What it is, for errors.

    Raises:
        ConfigError: If it cannot be read, or is not TOML.
    """

    def __init__(self, path: str | os.PathLike[str], *, what: str = "--config") -> None:
        from corpuskit.paths import user_path

        self._path = user_path(path, what=what)
        text = _read(self._path, what)
        try:
            self._document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{self._path}{_not_toml(text, str(error))}", path=self._path) from error
        self._lines = _lines(text)

    def said(
        self,
        table: str,
        *,
        tables: Sequence[str],
        is_of_others: Callable[[str], bool] = lambda key: False,
    ) -> SaidInFile:
        """The values that are for one purpose.

        Args:
            table: The table of that purpose; what is at the top of the file counts as well.
            tables: The tables that the file may have.
            is_of_others: Whether a key at the top is for another purpose.

        Raises:
            ConfigError: If the file has something else in a table's place.
        """
        path, document, lines = self._path, self._document, self._lines
        values = {
            key: value for key, value in document.items() if key not in tables and not is_of_others(key)
        }
        for name in tables:
            if not isinstance(document.get(name, {}), dict):
                where = f"{path}:{lines[name]}" if name in lines else str(path)
                raise ConfigError(f"{where}: {name} must be one table, [{name}]", path=path)
        values.update(document.get(table, {}))
        return SaidInFile(values, path=path, lines=lines, table=table, tables=tables)


def _read(path: Path, what: str) -> str:
    """A file's text.

    Raises:
        ConfigError: If it cannot be read, or is no text.
    """
    try:
        return reading.read_named(path, max_bytes=_MAX_BYTES).decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise ConfigError(f"{what} {path}: there is no such file", path=path) from error
    except OSError as error:
        raise ConfigError(f"{what} {path}: cannot be read: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{what} {path}: not a TOML file: its byte {error.start:,} is not UTF-8", path=path
        ) from error


def _not_toml(text: str, reason: str) -> str:
    """The line, and what is wrong there: mostly text without quotation marks."""
    found = _AT_LINE.search(reason)
    words = _AT_LINE.sub("", reason)
    words = words[:1].lower() + words[1:]
    if found is None or found[1] is None:
        return f": not TOML: {words}"
    lines = text.split("\n")  # as TOML counts them, which knows no other line ends
    line = lines[int(found[1]) - 1] if int(found[1]) <= len(lines) else ""
    bare = _BARE.match(line)
    hint = f'; text needs quotation marks: "{bare[1]}"' if bare and bare[1] not in ("true", "false") else ""
    return f":{found[1]}: not TOML: {words} in column {found[2]}{hint}"


def _lines(text: str) -> dict[str, int]:
    """The line of each key and table, by its whole name."""
    found: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.split("\n"), 1):  # as TOML counts them
        if header := _HEADER.match(line.replace("[[", "[")):
            prefix = _plain(header[1])
            found.setdefault(prefix, number)
        elif assigned := _ASSIGNED.match(line):
            found.setdefault(f"{prefix}.{_plain(assigned[1])}".lstrip("."), number)
    return found


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in re.findall(rf"\s*{_KEY}", key))


__all__ = ["Said", "SaidInFile", "TomlFile"]
