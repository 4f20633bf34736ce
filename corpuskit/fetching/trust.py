"""Trust on first use: what a URL without a published sha256 gave the first time.

The record is `<cache>/urls/<url id>.json`; it is written once and never changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from pathlib import Path

from corpuskit import cache, storage
from corpuskit.errors import FetchError, StorageError
from corpuskit.urls import redact_url, url_id


@dataclasses.dataclass(frozen=True, slots=True)
class FirstUse:
    """What the first download of a URL was.

    Args:
        url: The redacted URL.
        sha256: The digest of what it gave.
        size_bytes: And the size.
        length_verified: False where nothing said that the file was whole.
        read_from: The redacted URL that was read, where that was a mirror of it.
    """

    url: str
    sha256: str
    size_bytes: int
    length_verified: bool = True
    read_from: str | None = None

    @property
    def origin(self) -> str:
        """The URL that was read."""
        return self.read_from or self.url


def load(cache_dir: Path, url: str) -> FirstUse | None:
    """The record of a URL, or None if there is none.

    Raises:
        FetchError: If it is damaged.
        StorageError: If it cannot be read.
    """
    path = _path(cache_dir, url)
    cache.tidy(path.parent)
    try:
        value = json.loads(path.read_bytes())
        record = FirstUse(**value)
        if not re.fullmatch("[0-9a-f]{64}", record.sha256):
            raise ValueError(record.sha256)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}", path=path) from error
    except (ValueError, TypeError) as error:
        raise FetchError(
            f"{path}: the record of what {redact_url(url)} was cannot be read; delete it with {_forget(url)}",
            path=path,
        ) from error
    return record


def save(
    cache_dir: Path,
    url: str,
    *,
    sha256: str,
    size_bytes: int,
    length_verified: bool,
    read_from: str | None = None,
) -> FirstUse:
    """Record the first download of a URL; what counts is what another process recorded, if it was faster."""
    mirror = redact_url(read_from) if read_from not in (None, url) else None
    record = FirstUse(redact_url(url), sha256, size_bytes, length_verified, mirror)
    cache.make_folder(cache_dir, "urls")
    try:
        with storage.FileWriter(_path(cache_dir, url), replace=False) as file:
            value = {name: value for name, value in dataclasses.asdict(record).items() if value is not None}
            file.write(storage.json_bytes(value))
    except StorageError:
        earlier = load(cache_dir, url)
        if earlier is None:
            raise
        return earlier
    return record


def records_of(cache_dir: Path, url: str) -> list[Path]:
    """The records of a URL, which may be given with or without its credentials."""
    paths = []
    for path in sorted((cache_dir / "urls").glob("*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            if json.loads(path.read_bytes())["url"] == redact_url(url):
                paths.append(path)
    path = _path(cache_dir, url)
    return [*paths, path] if path.exists() and path not in paths else paths


def changed(url: str) -> str:
    """What to do when a URL gives something else than the first time."""
    return (
        f"that is not what {redact_url(url)} gave the first time; to accept the new file, forget the "
        f"first one with {_forget(url)}"
    )


def _forget(url: str) -> str:
    return f"'corpuskit cache clear --url {redact_url(url)}'"


def _path(cache_dir: Path, url: str) -> Path:
    return cache_dir / "urls" / f"{url_id(url)}.json"
