"""The cache folder: what is in it, where, and how it is emptied.

```
<cache>/                        $CORPUSKIT_CACHE_DIR, else the system's cache folder for corpuskit; mode 0700
  files/<sha256[:2]>/<sha256>   whole files, named by their content
  urls/<id>.json                which sha256 a URL without a published one gave the first time
  partials/                     unfinished downloads and what is known of them
  locks/                        locks that keep two processes from downloading one file
  tables/                       tables that samplers keep
  shards/                       shards of corpora in object stores, within a limit
  work/                         scratch, and corpora on their way to object stores; deleted afterwards
```
Everything here can be made again: deleting it costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from corpuskit import storage
from corpuskit.errors import StorageError
from corpuskit.paths import user_path
from corpuskit.temporary_names import final_name, may_be_live, temporary_name

#: The folders of the cache, each holding one kind of thing.
FOLDERS = ("files", "urls", "partials", "locks", "tables", "shards", "work")

#: What `corpuskit cache size` lists; the other folders hold a few bytes a file.
LISTED = ("files", "partials", "tables", "shards", "work")


def default_cache_dir() -> Path:
    """The cache folder: $CORPUSKIT_CACHE_DIR, else the system's place for caches. It may not exist yet.

    Raises:
        StorageError: If others may have put things there.
    """
    configured = os.environ.get("CORPUSKIT_CACHE_DIR")
    if configured:
        cache_dir = user_path(configured, what="CORPUSKIT_CACHE_DIR")
    else:
        import platformdirs

        cache_dir = platformdirs.user_cache_path("corpuskit")
    check_owner(cache_dir)
    return cache_dir


def check_owner(folder: Path) -> None:
    """Refuse a folder, or a link to one, that others may have filled; one that is not there is fine.

    It must be this user's or root's, and not writable by everybody, unless its sticky bit keeps people apart,
    as in `/tmp`. A group that may write is one that somebody chose.

    Raises:
        StorageError: If it is not.
    """
    try:
        states = (folder.lstat(), folder.stat())
    except OSError:
        return  # what wants to use it finds out and says so
    owners = {state.st_uid for state in states} - {0, os.geteuid()}
    if owners:
        raise StorageError(
            f"the cache folder {folder} belongs to another user (uid {min(owners)}), who may have filled "
            "it; choose one of your own with CORPUSKIT_CACHE_DIR",
            path=folder,
        )
    mode = states[1].st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise StorageError(
            f"the cache folder {folder} can be written by everybody (mode {stat.S_IMODE(mode):04o}), who may "
            f"have filled it; empty it and run 'chmod 700 {folder}', or choose another folder with "
            "CORPUSKIT_CACHE_DIR",
            path=folder,
        )


def make_folder(cache_dir: Path, *names: str) -> Path:
    """Make a folder of the cache, e.g. `make_folder(cache_dir, "files", "86")`, and return it.

    The cache itself is made readable by its owner only: it may hold what was downloaded with credentials.
    What processes that were killed have left in the folder is deleted.

    Raises:
        StorageError: If it cannot be made, or others may have put things there.
    """
    storage.make_directory(cache_dir, mode=0o700)
    check_owner(cache_dir)
    folder = cache_dir
    for name in names:
        folder /= name
        storage.make_directory(folder)
        check_owner(folder)
    tidy(folder)
    return folder


@functools.cache
def tidy(folder: Path) -> None:
    """Delete what processes that were killed have left in a folder of the cache; once in each process."""
    remove_unfinished(folder)


def remove_unfinished(folder: Path) -> None:
    """Delete what processes that were killed have left in a folder.

    A file or a folder is made under a temporary name, which its writer removes unless it dies first. Raises
    nothing.
    """
    for path in _entries(folder):
        if final_name(path.name) is None or may_be_live(path):
            continue
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                storage.remove_tree(path)
            else:
                storage.remove_file(path)


@contextlib.contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """An empty folder in the cache for this process alone, deleted afterwards; an absolute path.

    Raises:
        StorageError: If it cannot be made, or others may have put things into the cache.
    """
    path = temporary_name(make_folder(default_cache_dir(), "work").absolute() / name)
    storage.make_directory(path)
    try:
        yield path
    finally:
        storage.remove_tree(path)


def file_path(cache_dir: Path, sha256: str) -> Path:
    """Where the file with this digest is, if it is there."""
    return cache_dir / "files" / sha256[:2] / sha256


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """How much one folder of the cache holds."""

    kind: str
    num_files: int
    size_bytes: int


def usage(cache_dir: Path) -> list[Usage]:
    """What the cache's folders hold, those of a few bytes a file left out."""
    result = []
    for kind in LISTED:
        sizes = [status.st_size for _, status in _files(cache_dir / kind)]
        result.append(Usage(kind, len(sizes), sum(sizes)))
    return result


def clearable(cache_dir: Path, *, kinds: tuple[str, ...] = FOLDERS, older_than_days: float = 0) -> list[Path]:
    """The cache's files of these kinds that have not been touched for `older_than_days`, sorted.

    Only names that corpuskit gives are listed: a file that somebody else put there is not ours to delete. A
    file that a living process is writing is left out too, and an unfinished corpus that one works on.
    """
    live = {folder for folder in _entries(cache_dir / "work") if _is_worked_on(folder)}
    latest = time.time() - older_than_days * 86_400
    return sorted(
        path
        for kind in kinds
        for path, status in _files(cache_dir / kind)
        if (older_than_days <= 0 or status.st_mtime <= latest)
        and _is_ours(kind, path.relative_to(cache_dir / kind))
        and not may_be_live(path)
        and live.isdisjoint(path.parents)
    )


def size_of(paths: list[Path]) -> int:
    """How many bytes these files are; one that has gone meanwhile is none."""
    num_bytes = 0
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            num_bytes += path.lstat().st_size
    return num_bytes


def clear(paths: list[Path]) -> None:
    """Delete these files of the cache, and the folders that this leaves empty."""
    for path in paths:
        storage.remove_file(path)
    folders = {folder for path in paths for folder in _folders_above(path)}
    for folder in sorted(folders, reverse=True):  # those inside come first
        with contextlib.suppress(OSError):
            folder.rmdir()  # refuses a folder that holds anything


def _folders_above(path: Path) -> Iterator[Path]:
    """The folders that a file of the cache is in, up to that of its kind."""
    for folder in path.parents:
        yield folder
        if folder.name in FOLDERS:
            return


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _is_worked_on(folder: Path) -> bool:
    """Whether a process may have a folder for scratch or make a corpus in it: `corpuskit.folders.in_use`."""
    return may_be_live(folder) or any(may_be_live(path) for path in folder.rglob(".run.*.tmp"))


_HEX = "[0-9a-f]"
_OUR_NAMES = {
    "files": re.compile(f"{_HEX}{{64}}"),
    "urls": re.compile(rf"{_HEX}{{64}}\.json"),
    "partials": re.compile(rf"(url-)?{_HEX}{{64}}\.{_HEX}{{16}}(\..+)?\.(part|json)"),
    "locks": re.compile(rf"(url-)?{_HEX}{{64}}\.lock"),
    "tables": re.compile(r"[^.].*"),  # samplers name them as they like
    "shards": re.compile(rf"{_HEX}{{64}}(\..+)?"),
    "work": re.compile(
        rf".+-\d{{5,}}(-.+)?(\..+)?\.(bin|idx|arrow|json)|(manifest|run|job|digests-{_HEX}{{16}})\.json"
    ),
}


def _is_ours(kind: str, path: Path) -> bool:
    if any(final_name(part) is not None for part in path.parts):
        return True  # left by a process that was killed
    return _OUR_NAMES[kind].fullmatch(path.name) is not None


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The regular files in a folder and below it; links are not followed, vanished files are skipped."""
    for directory, _, names in os.walk(folder):
        for name in names:
            path = Path(directory, name)
            with contextlib.suppress(FileNotFoundError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    yield path, status
