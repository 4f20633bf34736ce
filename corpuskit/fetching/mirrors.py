"""Mirrors: folders or URLs that have files under their sha256, and are asked before the network."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from corpuskit import cache, reading
from corpuskit.errors import CorpuskitError, FetchError, StorageError
from corpuskit.fetching.bundle_index import FILE_NAME, MAX_BYTES, BundleIndex, parse_index
from corpuskit.fetching.claims import Claims
from corpuskit.fetching.options import FetchOptions
from corpuskit.fetching.trust import FirstUse
from corpuskit.paths import local_path
from corpuskit.urls import redact_url

log = logging.getLogger(__name__)

#: Whoever asks for an index does not wait for long: most mirrors have none.
_OPTIONS = FetchOptions(max_attempts=2, total_timeout_s=60.0, max_bytes=MAX_BYTES)

_added: list[str] = []


@contextlib.contextmanager
def added(mirror: Path) -> Iterator[None]:
    """Ask one more folder while the block runs, before all others."""
    _added.insert(0, str(mirror.absolute()))
    try:
        yield
    finally:
        _added.remove(str(mirror.absolute()))


def _mirrors() -> list[str]:
    """The mirrors in the order in which they are asked.

    The entries of CORPUSKIT_MIRRORS are separated by white space or commas.
    """
    said = re.split(r"[\s,]+", os.environ.get("CORPUSKIT_MIRRORS", ""))
    return [*_added, *(mirror.rstrip("/") for mirror in said if mirror)]


def places_of(sha256: str) -> Iterator[str]:
    """Where mirrors may have a file: under each, `<sha256>` and `<ab>/<sha256>`."""
    for mirror in _mirrors():
        yield f"{mirror}/{sha256}"
        yield f"{mirror}/{sha256[:2]}/{sha256}"


def first_use(url: str) -> FirstUse | None:
    """What a URL was when a bundle was made that is a mirror here; None if none has it.

    Raises:
        FetchError: If a bundle's index is damaged.
        StorageError: If it cannot be read.
    """
    for mirror in _mirrors():
        path = local_path(mirror)
        index = _index_on_web(mirror) if path is None else _index_in(path)
        if index is not None and (file := index.at(url)) is not None:
            read_from = file.read_from if file.read_from != file.url else None
            return FirstUse(file.url, file.sha256, file.size_bytes, read_from=read_from)
    return None


def _index_in(folder: Path) -> BundleIndex | None:
    path = folder / FILE_NAME
    try:
        status = path.stat()
        return _parsed(path, status.st_mtime_ns, status.st_size, status.st_ino)
    except FetchError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}", path=path) from error


@functools.lru_cache(maxsize=8)
def _parsed(path: Path, *state: int) -> BundleIndex:
    return parse_index(reading.read_file(path, max_bytes=MAX_BYTES, follow=True), where=str(path))


@functools.lru_cache(maxsize=8)
def _index_on_web(mirror: str) -> BundleIndex | None:
    """The index behind a URL, asked for once in a process; a mirror that gives none has none."""
    from corpuskit.fetching.download import Download, download

    url = f"{mirror}/{FILE_NAME}"
    with cache.scratch_folder("bundle-index") as folder:
        try:
            done = download(
                Download(
                    url,
                    key="url-index",
                    label=FILE_NAME,
                    sha256=None,
                    size_bytes=None,
                    cache_dir=folder,
                    options=_OPTIONS,
                    deadline=_OPTIONS.clock() + _OPTIONS.total_timeout_s,
                    claims=Claims(checked=False),
                )
            )
        except CorpuskitError as error:
            log.log(logging.DEBUG if getattr(error, "missing", False) else logging.INFO, "%s", error)
            return None
        data = cache.file_path(folder, done.sha256).read_bytes()
    return parse_index(data, where=redact_url(url))


__all__ = ["added", "first_use", "places_of"]
