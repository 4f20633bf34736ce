"""Unfinished downloads: files in the cache that a later attempt, in any process, can go on with.

A download writes `<key>.<random>.<host>.<pid>.part`, and every few megabytes `<key>.<random>.json`, which
says what is being downloaded (URL and validator) and how many bytes with which sha256 are safe. Giving up
renames the part to `<key>.<random>.part`. To go on with one, a process first renames it to its own name,
which only one process can, and then copies what the record vouches for into a file of its own: no two
processes ever have one partial file open for writing, whether or not locks work.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpuskit import storage
from corpuskit.errors import StorageError
from corpuskit.fetching.claims import Validator
from corpuskit.temporary_names import host_name, may_be_live

log = logging.getLogger(__name__)

_HEAD_BYTES = 80
_COPY_BYTES = 2**20


class Partial:
    """The file that a download is being written to.

    Attributes:
        validator: What the bytes so far are a part of.
        head: The first bytes, to describe a file that turns out to be something else.
    """

    def __init__(self, folder: Path, key: str, url: str, *, checkpoint_bytes: int) -> None:
        name = f"{key}.{secrets.token_hex(8)}"
        self.validator = Validator()
        self.head = b""
        self._folder, self._key, self._url = folder, key, url
        self._record = folder / f"{name}.json"
        self._kept = folder / f"{name}.part"
        self._live = _live_name(folder, name)
        self._checkpoint_bytes = checkpoint_bytes
        self._recorded_bytes = 0
        self._file = storage.FileWriter(self._kept, temporary=self._live)

    @property
    def size_bytes(self) -> int:
        """Bytes written so far."""
        return self._file.size_bytes

    @property
    def sha256(self) -> str:
        """The hexadecimal digest of the bytes so far."""
        return self._file.sha256

    def write(self, data: bytes) -> None:
        """Append to the file."""
        if len(self.head) < _HEAD_BYTES:
            self.head += data[: _HEAD_BYTES - len(self.head)]
        self._file.write(data)
        if self.validator.if_range and self.size_bytes - self._recorded_bytes >= self._checkpoint_bytes:
            self._checkpoint()

    def require_space(self, num_bytes: int) -> None:
        """Fail now rather than in an hour if the disk has no room for so many bytes more.

        Raises:
            StorageError: If it has not.
        """
        free_bytes = shutil.disk_usage(self._folder).free
        if num_bytes > free_bytes:
            raise StorageError(
                f"{num_bytes:,} bytes are needed in {self._folder} and {free_bytes:,} are free; make room, "
                "or put the cache elsewhere with CORPUSKIT_CACHE_DIR",
                path=self._folder,
                expected=num_bytes,
                found=free_bytes,
            )

    def restart(self, validator: Validator | None = None) -> None:
        """Drop what there is and begin with an empty file, of this version."""
        if self.size_bytes:
            self._file.restart()
        storage.remove_file(self._record)
        self._recorded_bytes = 0
        self.head = b""
        self.validator = validator or Validator()

    def publish(self, path: Path) -> None:
        """Commit the file under its final name. Its record goes first: nothing would ask for it afterwards.

        Raises:
            StorageError: If it cannot be; also if another process took the file over.
        """
        storage.remove_file(self._record)
        self._file.path = path
        self._file.commit()

    def leave(self) -> None:
        """Keep the file for a later attempt if one could go on with it, else delete it."""
        if self.validator.if_range and self.size_bytes:
            with contextlib.suppress(OSError):  # a full disk; an earlier record may still be good
                self._checkpoint()
        if self._record.exists():
            self._file.keep(self._kept)
        else:
            self._file.abort()

    def resume(self) -> None:
        """Take over what an earlier attempt at the same URL left, if there is anything of use."""
        for path, record in _abandoned(self._folder, self._key):
            if record is None or record.get("url") != self._url:
                continue
            claimed = _live_name(self._folder, ".".join(path.name.split(".")[:2]))
            try:
                storage.rename(path, claimed)
            except FileNotFoundError:
                continue  # another process was faster
            self._copy(claimed, record)
            _remove(claimed)
            if self.size_bytes:
                return

    def _copy(self, path: Path, record: dict[str, Any]) -> None:
        with path.open("rb") as file:
            left = record["size_bytes"]
            while left > 0 and (data := file.read(min(_COPY_BYTES, left))):
                self.write(data)
                left -= len(data)
        if self.sha256 != record["sha256"]:
            log.warning("an unfinished download is damaged and is dropped: %s", path.name)
            self.restart()
            return
        self.validator = Validator(record["etag"], record["last_modified"], record["total_bytes"])
        self._checkpoint()

    def _checkpoint(self) -> None:
        record = {"url": self._url, **dataclasses.asdict(self.validator)}
        storage.write_json(self._record, {**record, "size_bytes": self.size_bytes, "sha256": self.sha256})
        self._recorded_bytes = self.size_bytes


@contextlib.contextmanager
def open_partial(folder: Path, key: str, url: str, *, checkpoint_bytes: int) -> Iterator[Partial]:
    """A file to download to, with what an earlier attempt left; left behind for a later one on failure."""
    partial = Partial(folder, key, url, checkpoint_bytes=checkpoint_bytes)
    try:
        partial.resume()
        yield partial
    except BaseException:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            partial.leave()
        raise


def remove_abandoned(folder: Path, key: str) -> None:
    """Delete what earlier attempts at a file left, once the file is there."""
    for path, _ in _abandoned(folder, key):
        _remove(path)


def _abandoned(folder: Path, key: str) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """The partial files of a key that no living process writes, each with its record if it has one."""
    for path in sorted(folder.glob(f"{key}.*.part")):
        if not may_be_live(path):
            yield path, _read_record(_record_of(path))


def _remove(path: Path) -> None:
    storage.remove_file(path)
    storage.remove_file(_record_of(path))


def _record_of(path: Path) -> Path:
    return path.with_name(".".join(path.name.split(".")[:2]) + ".json")


def _read_record(path: Path) -> dict[str, Any] | None:
    """A record, if every value in it is what was written there."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.keys() != _RECORD.keys():
        return None
    return record if all(type(record[name]) in kinds for name, kinds in _RECORD.items()) else None


#: What a record holds, and the types of its values.
_RECORD: dict[str, tuple[type, ...]] = {
    "url": (str,),
    "etag": (str, type(None)),
    "last_modified": (str, type(None)),
    "total_bytes": (int, type(None)),
    "size_bytes": (int,),
    "sha256": (str,),
}


def _live_name(folder: Path, name: str) -> Path:
    return folder / f"{name}.{host_name()}.{os.getpid()}.part"
