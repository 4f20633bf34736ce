"""What is in a folder: corpora that are prepared, and those in the making."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path

from corpuskit.corpus.folder import Folder, read_folder
from corpuskit.corpus.manifest import FILE_NAME, Manifest
from corpuskit.errors import CorpusFormatError, StorageError
from corpuskit.file_errors import looking_at
from corpuskit.preparation.parts.job import load_job
from corpuskit.preparation.parts.record import record_path
from corpuskit.preparation.work_folder import WorkFolder

_WORK = re.compile(r"\.(?P<name>.+)\.preparing")


@dataclasses.dataclass(frozen=True, slots=True)
class Making:
    """A corpus that is being prepared, or whose preparation was stopped.

    Args:
        parts_done: Parts that are finished.
        num_parts: Parts in all; None while that is not known.
    """

    parts_done: int
    num_parts: int | None

    def __str__(self) -> str:
        if self.num_parts is None:
            return "in the making: it is being planned"
        return f"in the making: {self.parts_done:,} of {self.num_parts:,} parts are there"


@dataclasses.dataclass(frozen=True, slots=True)
class Listed:
    """One corpus of a folder; exactly one of the last three says something.

    Args:
        path: Its folder, beginning as the folder that was asked for.
        manifest: What it is.
        making: How far it is.
        error: Why its manifest cannot be read.
    """

    path: Path
    manifest: Manifest | None = None
    making: Making | None = None
    error: str | None = None

    @property
    def size_bytes(self) -> int:
        """The size of its files but for the manifest; 0 as long as it is not there."""
        return sum(file.size_bytes for file in self.manifest.all_files()) if self.manifest else 0


def corpora_in(folder: Path) -> Iterator[Listed]:
    """The corpora in a folder and below it, sorted by path. Nothing of them but the manifests is read.

    Hidden folders are passed over, and nothing is looked for inside a corpus. A link to a corpus is one;
    other links are not followed.
    """
    for parent, names, _ in os.walk(folder):
        found = [_listed(Path(parent, name)) for name in sorted(names)]
        yield from (one for one in found if one is not None)
        corpora = {one.path.name for one in found if one is not None and one.manifest is not None}
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in corpora)


def making(output: Path) -> Making | None:
    """How far the corpus for a folder is; None if nobody has begun it."""
    work = WorkFolder(output)
    if not work.path.is_dir():
        return None
    plans = sorted(work.plans(), key=_modified)
    if not plans:
        return Making(0, None)
    try:
        num_parts = len(load_job(plans[-1]).parts)
    except StorageError:  # it is being written, or is damaged
        return Making(0, None)
    return Making(sum(record_path(plans[-1], number).is_file() for number in range(num_parts)), num_parts)


def _listed(path: Path) -> Listed | None:
    """What a folder is, if it is a corpus or the work for one that is not there yet."""
    work = _WORK.fullmatch(path.name)
    try:
        if work is not None:
            output = path.with_name(work["name"])
            with looking_at(output):
                found = making(output) if not (output / FILE_NAME).exists() else None
            return Listed(output, making=found) if found is not None else None
        with looking_at(path):
            if path.name.startswith(".") or not (path / FILE_NAME).exists():
                return None
        return Listed(path, manifest=read_folder(path, Folder.manifest))
    except (CorpusFormatError, StorageError) as error:
        return Listed(path, error=str(error))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it was finished meanwhile
        return 0.0


__all__ = ["Listed", "Making", "corpora_in", "making"]
