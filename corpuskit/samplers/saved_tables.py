"""Tables that samplers work out once and keep in corpuskit's cache: arrays, and what was counted with them.

A table is written group by group and published in one step. Each process compares its files with their sha256
once and maps them after that; a table that is damaged is made again. Where the cache cannot be written, the
table is in memory.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit import cache, reading, sealed, storage
from corpuskit.errors import StorageError
from corpuskit.temporary_names import temporary_name

log = logging.getLogger(__name__)

#: Beside a table's files: the sha256 of each, and what was counted.
_DIGESTS = "digests.json"
_DIGESTS_BYTES = 4096
#: Files that this process has compared with their digests: what tells whether one is another since.
_compared: set[tuple[Path, int, int, int, int]] = set()

#: Makes a table, given where to count: gives the arrays of each group in the order of the fields. What was
#: counted is complete after the last.
MakeGroups = Callable[[Counter[str]], Iterator[tuple[NDArray[Any], ...]]]


class SavedTable(NamedTuple):
    """A table.

    Attributes:
        arrays: One for each field, the groups' one after another.
        counted: What was counted when it was made.
    """

    arrays: tuple[NDArray[Any], ...]
    counted: Mapping[str, int]


def open_table(name: str, fields: Mapping[str, str], make: MakeGroups) -> SavedTable:
    """A table from the cache, where it is put first; in memory where the cache cannot be written.

    Args:
        name: Says all that the table depends on; empty for one that is not kept.
        fields: The names of its arrays, with their dtypes.
        make: Makes it.
    """
    if not name:
        return _in_memory(fields, make)
    folder = cache.default_cache_dir() / "tables" / name
    if (table := _saved(folder, fields)) is not None:
        return table
    with contextlib.suppress(StorageError):  # another process may have made it at the same time
        _save(folder, fields, make)
    return _saved(folder, fields) or _in_memory(fields, make)


def _in_memory(fields: Mapping[str, str], make: MakeGroups) -> SavedTable:
    counted: Counter[str] = Counter()
    groups = list(make(counted))
    columns = zip(*groups, strict=True) if groups else [()] * len(fields)
    arrays = (
        np.concatenate([np.empty(0, kind), *column]).astype(kind, copy=False)
        for column, kind in zip(columns, fields.values(), strict=True)
    )
    return SavedTable(tuple(arrays), dict(counted))


def _save(folder: Path, fields: Mapping[str, str], make: MakeGroups) -> None:
    """Publish the groups' arrays in one step, in the place of a damaged table if there is one."""
    cache.make_folder(cache.default_cache_dir(), "tables")
    staged = temporary_name(folder)
    storage.make_directory(staged)
    counted: Counter[str] = Counter()
    try:
        with contextlib.ExitStack() as files:
            writers = {
                field: files.enter_context(storage.FileWriter(staged / f"{field}.bin")) for field in fields
            }
            for group in make(counted):
                for (field, kind), array in zip(fields.items(), group, strict=True):
                    writers[field].write(array.astype(kind).tobytes())
        digests = {field: writer.sha256 for field, writer in writers.items()}
        known = {"files": digests, "counted": dict(counted)}
        storage.write_bytes(staged / _DIGESTS, sealed.to_bytes(known))
        storage.commit_directory(staged, folder, replace=True)
    finally:
        storage.remove_tree(staged)


def _saved(folder: Path, fields: Mapping[str, str]) -> SavedTable | None:
    """The table in a folder; None if there is none, or it is damaged."""
    if not folder.is_dir():
        return None
    try:
        known = _known(folder)
        digests = known["files"]
        arrays = (_load(folder / f"{field}.bin", kind, digests[field]) for field, kind in fields.items())
        return SavedTable(tuple(arrays), known["counted"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("%s is damaged and is made again: %s", folder, error)
        return None


def _known(folder: Path) -> dict[str, dict[str, Any]]:
    data = reading.read_file(folder / _DIGESTS, max_bytes=_DIGESTS_BYTES)
    if not sealed.is_whole(data):
        raise ValueError(f"{_DIGESTS} has changed since it was written")
    known: dict[str, dict[str, Any]] = json.loads(data)
    return known


def _load(path: Path, kind: str, sha256: str) -> NDArray[Any]:
    """A file of a table, compared with its digest unless this process has done so.

    Raises:
        ValueError: If it is another.
        OSError: If it cannot be read.
    """
    with os.fdopen(reading.open_file(path), "rb") as file:
        status = os.fstat(file.fileno())
        version = (path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if version not in _compared:
            if reading.sha256_of_file(file) != sha256:
                raise ValueError(f"{path.name} has another sha256 than when it was written")
            _compared.add(version)
        if not status.st_size:  # an empty file cannot be mapped
            return np.empty(0, kind)
        return np.memmap(file, kind, "r").view(np.ndarray)


__all__ = ["MakeGroups", "SavedTable", "open_table"]
