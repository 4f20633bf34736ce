"""Putting files of this machine into the cache, where every later fetch of the same bytes finds them."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from corpuskit import cache, storage
from corpuskit.errors import FetchError, StorageError
from corpuskit.fetching.places import hash_file
from corpuskit.file_errors import reading_from
from corpuskit.registry.specs import SourceSpec

log = logging.getLogger(__name__)

_COPY_BYTES = 2**20


def keep(path: Path, sha256: str, cache_dir: Path) -> None:
    """Put a verified file into the cache, if that can be written; a run does not depend on it.

    Args:
        path: The file.
        sha256: What it is.
        cache_dir: The cache.
    """
    try:
        put(path, sha256, cache_dir)
    except (StorageError, FetchError) as error:
        log.debug("%s is not kept in the cache: %s", path, error)


def add(path: Path, cache_dir: Path) -> tuple[str, Path]:
    """Put a file into the cache.

    Returns:
        Its sha256, and where the cache has it.

    Raises:
        FetchError: If it cannot be read.
        StorageError: If the cache cannot be written, or the file changes meanwhile.
    """
    sha256, _ = hash_file(path)
    return sha256, put(path, sha256, cache_dir)


def put(path: Path, sha256: str, cache_dir: Path) -> Path:
    """Give a file a second name in the cache, or copy it where it cannot have one.

    What the cache has under this sha256 already stays, if it is whole.

    Raises:
        FetchError: If it cannot be read.
        StorageError: If the cache cannot be written, or the file changes meanwhile.
    """
    kept = cache.file_path(cache_dir, sha256)
    if not is_at(kept, sha256):
        storage.remove_file(kept)
        cache.make_folder(cache_dir, "files", sha256[:2])
        link_or_copy(path, kept, sha256)
    return kept


def is_at(path: Path, sha256: str) -> bool:
    """Whether a path has a file with this digest."""
    with contextlib.suppress(FetchError):
        return hash_file(path)[0] == sha256
    return False


def link_or_copy(path: Path, kept: Path, sha256: str) -> None:
    """Give a file a second name that nothing has, or copy it where it cannot have one.

    Raises:
        FetchError: If it cannot be read.
        StorageError: If the copy cannot be written, or the file changes meanwhile.
    """
    if not storage.try_link(path, kept):
        _copy(path, kept, sha256)


def _copy(path: Path, kept: Path, sha256: str) -> None:
    with reading_from(path), path.open("rb") as file, storage.FileWriter(kept) as copy:
        while data := file.read(_COPY_BYTES):
            copy.write(data)
        if copy.sha256 != sha256:
            raise StorageError(f"{path}: it changed while it was copied; add it again", path=path)


def corpora_with(sha256: str) -> list[str]:
    """The names of the registered corpora that have a file with this sha256."""
    from corpuskit import registry

    components = registry.default().components(SourceSpec)
    files = {component.spec.name: component.spec.files for component in components}
    return [name for name, found in files.items() if any((f.sha256 or "").lower() == sha256 for f in found)]


__all__ = ["add", "corpora_with", "is_at", "keep", "link_or_copy", "put"]
