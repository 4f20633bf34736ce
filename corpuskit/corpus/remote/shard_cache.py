"""Shards of remote corpora on this machine: within a limit, verified, shared by processes.

```
<cache>/shards/files/<sha256[:2]>/<sha256>   shards and indexes, named by their content
<cache>/shards/reserved/                     what is being downloaded: size and process are in the name
<cache>/shards/partials/, locks/             as in the cache itself: the download is `corpuskit.fetch`'s
```
Room is made before a download begins, by deleting what was used the longest ago. Only files with names that
this module gives are ever deleted. A file is compared with its sha256 when it arrives, and once by each
process that finds it there. A deleted file that some process has mapped stays readable there, and takes room
on disk until it is unmapped; so every process lets go of maps whose file is gone.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import re
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from corpuskit import cache, reading, storage
from corpuskit.corpus.file_bytes import contents
from corpuskit.errors import ConfigError, HashMismatch, StorageError
from corpuskit.fetching.options import FetchOptions
from corpuskit.fetching.verified import fetch
from corpuskit.locks import lock_or_go_on
from corpuskit.numbers import whole
from corpuskit.paths import existing_folder
from corpuskit.registry.specs import RemoteFile
from corpuskit.temporary_names import host_name, may_be_live
from corpuskit.units import parse_size
from corpuskit.urls import RemotePath

log = logging.getLogger(__name__)

#: A limit holds at least so many of a corpus's largest shards: one is read, one arrives, and some are ahead.
MIN_SHARDS = 4

_OURS = re.compile(r"[0-9a-f]{64}")
_RESERVED = re.compile(r"(?P<sha256>[0-9a-f]{64})\.(?P<size>\d+)\.[0-9a-f]{16}\..*\.part")
#: A file counts as used again after so long; each use would cost a system call.
_TOUCH_S = 1.0
#: How often maps are compared with the folder, which costs a system call each.
_SWEEP_S = 1.0
#: How often a file that another process deletes while it is being opened is fetched again.
_OPEN_ATTEMPTS = 5


class ShardCache:
    """The shards that this process and others of the machine have fetched.

    Threads may share one; processes share the folder.

    Args:
        cache_dir: The cache; shards are in a folder of it.
        limit_bytes: The most that all of them may take, downloads included.
        options: How they are fetched.
    """

    def __init__(self, cache_dir: Path, limit_bytes: int, options: FetchOptions | None = None) -> None:
        self.limit_bytes = limit_bytes
        self._options = options
        self._cache_dir = cache_dir
        self._root = cache_dir / "shards"
        self._lock = threading.RLock()
        self._maps: dict[str, NDArray[np.uint8]] = {}
        self._sound: dict[str, int] = {}  # files that were compared with their sha256: their numbers
        self._loading: dict[str, threading.Lock] = {}
        self._touched: dict[str, float] = {}
        self._swept = 0.0
        self._kept: dict[str, frozenset[str]] = {}
        self._lingering: weakref.WeakKeyDictionary[mmap.mmap, int] = weakref.WeakKeyDictionary()

    def holds(self, sha256: str) -> bool:
        """Whether a file is there."""
        return self._path(sha256).exists()

    def keep(self, reader: str, files: Iterable[str]) -> None:
        """Delete some files after all others when room is needed, as long as this process fetches them.

        Args:
            reader: Who reads them; what it said before is replaced.
            files: Their sha256.
        """
        self._kept[reader] = frozenset(files)

    def load(
        self,
        place: RemotePath,
        *,
        sha256: str,
        size_bytes: int,
        on_bytes: Callable[[], None] = lambda: None,
    ) -> None:
        """Have a file be there, and count it as used.

        Args:
            place: Where it is in the store.
            sha256: What it must be.
            size_bytes: Its size.
            on_bytes: Called for each piece that arrives; what it raises ends the download.

        Raises:
            HashMismatch: If what the store has is, twice, not the file that the manifest names.
            FetchError: If it cannot be had.
            StorageError: If it cannot be written here.
        """
        if not size_bytes:
            return
        with self._lock:
            loading = self._loading.setdefault(sha256, threading.Lock())
        with loading:  # of several threads, one fetches it
            if not self._is_sound(sha256, size_bytes):
                with self._room_for(sha256, size_bytes):
                    file = RemoteFile(place.url, sha256=sha256, size_bytes=size_bytes)
                    _fetch(place, file, self._root, self._options, on_bytes)
                    with contextlib.suppress(FileNotFoundError):  # others may need its room already
                        self._sound[sha256] = self._path(sha256).stat().st_ino
        self._touch(sha256)

    def map(self, place: RemotePath, *, sha256: str, size_bytes: int) -> NDArray[np.uint8]:
        """A file's bytes, mapped and read-only; fetched if it is not there.

        Raises:
            StorageError: If others delete it again and again before it can be opened; and as `load`.
        """
        if not size_bytes:  # an empty file cannot be mapped
            return np.empty(0, np.uint8)
        for _ in range(_OPEN_ATTEMPTS):
            # No array gets a name here: errors of a library below may keep this frame until the next garbage
            # collection, and with it the map, and with that the room on disk.
            with contextlib.suppress(FileNotFoundError, reading.NotAFile):
                return self._mapped(sha256, size_bytes)
            self.load(place, sha256=sha256, size_bytes=size_bytes)
        raise StorageError(
            f"{place}: {_OPEN_ATTEMPTS} times, another process needed its room at once; "
            "raise CORPUSKIT_SHARD_CACHE_BYTES",
            path=str(place),
        )

    def _mapped(self, sha256: str, size_bytes: int) -> NDArray[np.uint8]:
        """The map of a file that is there, else FileNotFoundError."""
        with self._lock:
            self._let_go_of_deleted()
            self._touch(sha256)
            if sha256 not in self._maps:
                with self._open(sha256) as file:
                    if self._sound.get(sha256) != os.fstat(file.fileno()).st_ino:
                        raise FileNotFoundError(sha256)  # `load` looks at it, without the lock
                    self._maps[sha256] = contents(file.fileno(), size_bytes, where=self._path(sha256))
            return self._maps[sha256]

    def _is_sound(self, sha256: str, size_bytes: int) -> bool:
        """Whether a file is there and is what it should be; deletes one that is not."""
        try:
            with self._open(sha256) as file:
                status = os.fstat(file.fileno())
                if self._sound.get(sha256) == status.st_ino and status.st_size == size_bytes:
                    return True
                if status.st_size == size_bytes and reading.sha256_of_file(file) == sha256:
                    self._sound[sha256] = status.st_ino
                    return True
            reason = "is damaged"
        except FileNotFoundError:
            return False
        except OSError as error:
            reason = f"cannot be read ({error.strerror or error})"
        log.warning("%s %s and is fetched again", self._path(sha256), reason)
        storage.remove_file(self._path(sha256))
        return False

    def _open(self, sha256: str) -> BinaryIO:
        path = self._path(sha256)
        try:
            return os.fdopen(reading.open_file(path), "rb", buffering=0)
        except (FileNotFoundError, reading.NotAFile):
            raise
        except OSError as error:
            raise StorageError(f"{path}: cannot be read: {error.strerror or error}", path=path) from error

    def _path(self, sha256: str) -> Path:
        return cache.file_path(self._root, sha256)

    def _touch(self, sha256: str) -> None:
        now = time.monotonic()
        if now - self._touched.get(sha256, -_TOUCH_S) >= _TOUCH_S:
            self._touched[sha256] = now
            with contextlib.suppress(OSError):
                os.utime(self._path(sha256))

    @contextlib.contextmanager
    def _room_for(self, sha256: str, size_bytes: int) -> Iterator[None]:
        """Make room for a file and keep it while it arrives."""
        cache.make_folder(self._cache_dir, "shards")
        reserved = cache.make_folder(self._root, "reserved")
        unique = f"{secrets.token_hex(8)}.{host_name()}.{os.getpid()}"
        mark = reserved / f"{sha256}.{size_bytes}.{unique}.part"
        with self._one_at_a_time():
            self._evict(sha256, size_bytes)
            storage.write_bytes(mark, b"")
        try:
            yield
        finally:
            storage.remove_file(mark)

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        with self._lock, lock_or_go_on(self._root / "locks" / "room.lock", timeout_s=60):
            yield

    def _evict(self, sha256: str, size_bytes: int) -> None:
        """Delete what was used the longest ago until there is room for one more file."""
        self._swept = 0.0
        self._let_go_of_deleted()
        # What is coming before what is there: a file that arrives meanwhile is among both, and counts once.
        reserved = self._reserved()
        kept = frozenset().union(*self._kept.values())
        files = sorted(_files(self._root / "files"), key=lambda file: (file[2].name in kept, *file))
        sizes = {**reserved, **{path.name: size for _, size, path in files}}
        taken = sum(sizes.values())
        size_bytes = 0 if sha256 in sizes else size_bytes  # another process is fetching it
        for _, size, path in files:
            if taken + sum(self._lingering.values()) + size_bytes <= self.limit_bytes:
                return
            storage.remove_file(path)
            self._unmap(path.name)
            taken -= size
            log.debug("deleted %s, which was used the longest ago", path)

    def _reserved(self) -> dict[str, int]:
        """What is being downloaded: sizes by sha256. What a killed process left is deleted."""
        sizes = {}
        for path in (self._root / "reserved").iterdir():
            found = _RESERVED.fullmatch(path.name)
            if found and may_be_live(path):
                sizes[found["sha256"]] = int(found["size"])
            elif found:
                for partial in (self._root / "partials").glob(f"{found['sha256']}.*.part"):
                    if not may_be_live(partial):
                        storage.remove_file(partial)
                storage.remove_file(path)
        return sizes

    def _let_go_of_deleted(self) -> None:
        """Unmap files that are not in the folder any more, because another process needed the room."""
        now = time.monotonic()
        if now - self._swept < _SWEEP_S:
            return
        self._swept = now
        for sha256 in [sha256 for sha256 in self._maps if not self.holds(sha256)]:
            self._unmap(sha256)

    def _unmap(self, sha256: str) -> None:
        mapped = self._maps.pop(sha256, None)
        if mapped is not None and isinstance(mapped.base, memoryview):
            # It takes room for as long as somebody reads it.
            self._lingering[mapped.base.obj] = mapped.nbytes


def _fetch(
    place: RemotePath,
    file: RemoteFile,
    folder: Path,
    options: FetchOptions | None,
    on_bytes: Callable[[], None],
) -> None:
    try:
        fetch(file, cache_dir=folder, on_progress=lambda progress: on_bytes(), options=options)
    except HashMismatch as error:
        raise HashMismatch(
            f"{place}: it was fetched twice and is not what the manifest says: expected {error.expected}, "
            f"found {error.found}; make the corpus again with --overwrite",
            path=str(place),
            expected=error.expected,
            found=error.found,
        ) from None


def limit_from(given: int | str | None, cache_dir: Path) -> int:
    """How much shards may take: as said, as CORPUSKIT_SHARD_CACHE_BYTES says, or half of what is free.

    Raises:
        ConfigError: If it is not a size.
    """
    value = given if given is not None else os.environ.get("CORPUSKIT_SHARD_CACHE_BYTES") or None
    if value is None:
        taken = sum(size for _, size, _ in _files(cache_dir / "shards" / "files"))
        return (shutil.disk_usage(existing_folder(cache_dir)).free + taken) // 2
    try:
        return parse_size(value) if isinstance(value, str) else whole("cache_bytes", value, least=1)
    except ValueError as error:
        raise ConfigError(
            f"the limit of the shard cache = {value!r}: must be {error}", found=value
        ) from error


def least_limit(sizes: Sequence[int]) -> int:
    """The least that a cache needs for a corpus with files of these sizes."""
    return min(sum(sizes), MIN_SHARDS * max(sizes, default=0))


def check_limit(limit_bytes: int, sizes: Sequence[int], place: RemotePath) -> None:
    """Refuse a limit that could not hold what is read at once.

    Args:
        limit_bytes: The limit.
        sizes: The sizes of the corpus's shards and indexes.
        place: The corpus.

    Raises:
        ConfigError: Saying how large the limit must be.
    """
    least = least_limit(sizes)
    if limit_bytes < least:
        raise ConfigError(
            f"{place}: the shard cache may take {limit_bytes:,} bytes, and {least:,} are needed for "
            f"{MIN_SHARDS} of the corpus's largest shards; raise cache_bytes or CORPUSKIT_SHARD_CACHE_BYTES, "
            "or make room",
            expected=least,
            found=limit_bytes,
        )


def _files(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """The shards that are there: when each was last used, its size, and where it is."""
    for directory, _, names in os.walk(folder):
        for name in names:
            if _OURS.fullmatch(name):
                path = Path(directory, name)
                with contextlib.suppress(FileNotFoundError):
                    status: Any = path.stat()
                    yield status.st_mtime_ns, status.st_size, path
