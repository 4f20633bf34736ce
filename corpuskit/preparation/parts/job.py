"""What a worker is told and what it answers: both are JSON, so any process on any machine can take part.

The files are checked when they are read: each holds a digest of itself, and nothing in it is believed that
does not fit the rest.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import re
import stat
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from corpuskit import reading, sealed, storage
from corpuskit.errors import StorageError
from corpuskit.preparation.plan import Part, fields_of
from corpuskit.sources.base import Input
from corpuskit.urls import redact_url

if TYPE_CHECKING:
    from pydantic import TypeAdapter

log = logging.getLogger(__name__)

#: How many places of documents that were left out are kept, for each kind.
MAX_PLACES = 5

#: What a split may be called, as in a manifest.
_SPLIT = re.compile(r"[a-z][a-z0-9_]{0,31}")
_INDEX_ROW_BYTES = 24
_RECORD_BYTES = 64 * 2**20
_JOB_BYTES = 4 * 2**30
_JOB_FILE = "job.json"
_JOB_HEAD = b'{"sha256": "%s", "job": '


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """Everything that is needed to make any part of a corpus.

    Args:
        folder: Where the parts' files go; every worker must see it.
        fingerprint: The plan's identity; a part's record carries it.
        dataset: What the source is opened from.
        reader_options: The source's options: location, format and the reader's own.
        tokenizer: Name, state, fingerprint and vocabulary size, as the manifest has them.
        engine: What computes the ids.
        split_rule: As `--split` takes it.
        eot_id: The id appended after each document, or None.
        dtype: "<u2" or "<u4".
        shard_bytes: The largest shard.
        inputs: The inputs in order.
        parts: The parts in order.
    """

    folder: str
    fingerprint: str
    dataset: str | list[str]
    reader_options: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    engine: str
    split_rule: str
    eot_id: int | None
    dtype: str
    shard_bytes: int
    inputs: tuple[Input, ...]
    parts: tuple[Part, ...]

    def private(self) -> dict[str, Any]:
        """The URLs that hold credentials, as a JSON value; empty if there are none.

        The job's file does not have them. An executor hands them to `load_job` in some other way than files.
        """
        inputs = {str(number): item.location for number, item in enumerate(self.inputs)}
        told = {"dataset": self.dataset, "location": self.reader_options.get("location")}
        secret: dict[str, Any] = {key: value for key, value in told.items() if _shown(value) != value}
        if secret_inputs := {number: url for number, url in inputs.items() if _shown(url) != url}:
            secret["inputs"] = secret_inputs
        return secret

    def private_file(self) -> IO[bytes]:
        """A file without a name that holds what `private` gives: the stdin of a process that makes parts."""
        file = storage.anonymous_file(Path(self.folder))
        file.write(json.dumps(self.private()).encode())
        file.seek(0)
        return file

    def with_private(self, private: Mapping[str, Any]) -> Job:
        """The job with the URLs that `private` gave."""
        inputs = list(self.inputs)
        for number, location in private.get("inputs", {}).items():
            inputs[int(number)] = dataclasses.replace(inputs[int(number)], location=location)
        options = dict(self.reader_options)
        if "location" in private:
            options["location"] = private["location"]
        dataset = private.get("dataset", self.dataset)
        return dataclasses.replace(self, dataset=dataset, reader_options=options, inputs=tuple(inputs))

    def to_json(self) -> dict[str, Any]:
        """What the job's file says: a JSON value without credentials."""
        options = {**self.reader_options}
        if "location" in options:
            options["location"] = _shown(options["location"])
        return {
            **fields_of(self),
            "dataset": _shown(self.dataset),
            "reader_options": options,
            "inputs": [{**fields_of(item), "location": _shown(item.location)} for item in self.inputs],
            "parts": [part.to_json() for part in self.parts],
        }


def _shown(value: Any) -> Any:
    """A URL, or several, without credentials; anything else as it is."""
    if isinstance(value, list):
        return [_shown(each) for each in value]
    return redact_url(value) if isinstance(value, str) and "://" in value else value


@dataclasses.dataclass(frozen=True, slots=True)
class PartShard:
    """One file of ids that a part made, with its index: the future of a shard, or a piece of one."""

    file: str
    num_tokens: int
    num_documents: int
    size_bytes: int
    sha256: str
    index_sha256: str

    @property
    def index_file(self) -> str:
        """The file that says where documents end."""
        return self.file.removesuffix(".bin") + ".idx"

    def is_intact(self, folder: Path) -> bool:
        """Whether both files have the bytes that were written."""
        expected = {self.file: self.sha256, self.index_file: self.index_sha256}
        return all(_sha256_of(folder / name) == sha256 for name, sha256 in expected.items())

    def has_sizes(self, folder: Path) -> bool:
        """Whether both files are there with their sizes."""
        expected = {self.file: self.size_bytes, self.index_file: self.num_documents * _INDEX_ROW_BYTES}
        found = {name: (folder / name).lstat() for name in expected}
        return all(
            stat.S_ISREG(found[name].st_mode) and found[name].st_size == size
            for name, size in expected.items()
        )


@dataclasses.dataclass(frozen=True, slots=True)
class PartRecord:
    """What a finished part leaves behind.

    Args:
        number: The part's.
        fingerprint: The plan's; a record of another plan is not used.
        shards: Each split's files in order.
        left_out: Documents that were skipped or repaired, by kind.
        places: The first of them: (kind, input number, start, reason).
        state: What the inputs that it read were, as `state_of_inputs` says it.
        text_bytes: Bytes of text that were encoded.
        num_documents: Documents that were encoded.
        num_open_tokens: Tokens after the last document's end: of one that goes on in the next part.
        separated: Whether a separator that the user named ends one of its documents.
    """

    number: int
    fingerprint: str
    shards: Mapping[str, tuple[PartShard, ...]]
    left_out: Mapping[str, int]
    places: tuple[tuple[str, int, int, str], ...]
    state: str
    text_bytes: int
    num_documents: int
    num_open_tokens: int
    separated: bool

    @property
    def num_tokens(self) -> int:
        """Tokens in all splits."""
        return sum(shard.num_tokens for shards in self.shards.values() for shard in shards)

    def save(self, folder: Path) -> None:
        """Write the record, which makes the part finished: its files are safely written by now."""
        data = sealed.to_bytes(dataclasses.asdict(self))
        storage.write_bytes(record_path(folder, self.number), data)

    @classmethod
    def load(
        cls, folder: Path, number: int, *, fingerprint: str, check_bytes: bool = False
    ) -> PartRecord | None:
        """The record of a finished part, or None if it must be done.

        A record counts only if it is whole, of the same plan, and its files are there with their sizes; with
        `check_bytes`, also with their sha256s.

        Raises:
            StorageError: If there is something that cannot be read.
        """
        path = record_path(folder, number)
        try:
            with storage.reading(path):
                record = cls._parse(reading.read_file(path, max_bytes=_RECORD_BYTES))
                if record.fingerprint != fingerprint or record.number != number:
                    raise ValueError("it is of another plan or part")
                record._check()
                shards = [shard for shards in record.shards.values() for shard in shards]
                if not all(shard.has_sizes(folder) for shard in shards):
                    raise ValueError("its files are not those that were written")
                if check_bytes and not all(shard.is_intact(folder) for shard in shards):
                    raise ValueError("its files are not those that were written")
        except ValueError as error:
            log.warning("%s is of no use, and its part is made again: %s", path, _one_line(error))
            return None
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            if isinstance(error.__cause__, (reading.NotAFile, reading.TooLarge)):
                log.warning("%s is of no use, and its part is made again: %s", path, error.__cause__.strerror)
                return None
            raise
        return record

    def fits(self, part: Part) -> bool:
        """Whether what it says of inputs is of those that the part reads."""
        inputs = {piece.input for piece in part.pieces}
        return {item for _, item, _, _ in self.places} <= inputs

    @classmethod
    def _parse(cls, data: bytes) -> PartRecord:
        if not sealed.is_whole(data):
            raise ValueError("it is not as it was written")
        record: PartRecord = _reader(PartRecord).validate_json(data, strict=True)
        return record

    def _check(self) -> None:
        """See that the numbers fit each other, and that the files' names are those that parts have.

        Raises:
            ValueError: If not.
        """
        counts = [self.text_bytes, self.num_documents, self.num_open_tokens, *self.left_out.values()]
        for split, shards in self.shards.items():
            for number, shard in enumerate(shards):
                if shard.file != shard_name(self.number, split, number) + ".bin":
                    raise ValueError(f"{shard.file!r} is no name of a file of it")
                counts += [shard.num_tokens, shard.num_documents]
                if shard.size_bytes not in (2 * shard.num_tokens, 4 * shard.num_tokens):
                    raise ValueError(f"{shard.num_tokens:,} ids are not {shard.size_bytes:,} bytes")
        documents = sum(shard.num_documents for shards in self.shards.values() for shard in shards)
        if min(counts) < 0 or not all(self.shards.values()) or documents != self.num_documents:
            raise ValueError("its numbers do not add up")
        if self.num_open_tokens > self.num_tokens:
            raise ValueError("its numbers do not add up")


def state_of_inputs(states: Mapping[int, str]) -> str:
    """One digest of the states of some inputs, by their numbers; empty if they have none."""
    if not any(states.values()):
        return ""
    return hashlib.sha256(json.dumps(sorted(states.items())).encode()).hexdigest()


def record_path(folder: Path, number: int) -> Path:
    """Where a part's record is."""
    return folder / f"part-{number:05d}.json"


def shard_name(part: int, split: str, number: int) -> str:
    """What a part calls a file of ids and its index, without their endings.

    Raises:
        ValueError: If no split can have the name.
    """
    if not _SPLIT.fullmatch(split):
        raise ValueError(f"{split!r} is no name of a split")
    return f"part-{part:05d}-{split}-{number:05d}"


def save_job(job: Job) -> None:
    """Write the job into its folder, where workers on other machines read it; it holds no credentials."""
    # Not indented: of many inputs that would take seconds, and only workers read it.
    data = json.dumps(job.to_json()).encode()
    head = _JOB_HEAD % hashlib.sha256(data).hexdigest().encode()
    storage.write_bytes(Path(job.folder) / _JOB_FILE, head + data + b"}\n")


def load_job(folder: Path, private: Mapping[str, Any] | None = None) -> Job:
    """The job in a folder.

    Args:
        folder: The folder.
        private: What the job's `private` gave; without it, a job of URLs with credentials cannot be done.

    Raises:
        StorageError: If there is none, or it is damaged.
    """
    path = folder / _JOB_FILE
    try:
        data = reading.read_file(path, max_bytes=_JOB_BYTES)
        start = len(_JOB_HEAD) - 2 + 64
        body = data[start:].removesuffix(b"}\n")
        if data[:start] != _JOB_HEAD % hashlib.sha256(body).hexdigest().encode():
            raise ValueError("it is not as it was written")
        job: Job = _reader(Job).validate_json(body, strict=True)
        return job.with_private(private or {})
    except (OSError, ValueError, LookupError) as error:
        reason = getattr(error, "strerror", None) or _one_line(error)
        raise StorageError(f"{path}: no job to work on: {reason}", path=folder) from error


@cache
def _reader(kind: type) -> TypeAdapter[Any]:
    """What reads a dataclass from JSON."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _sha256_of(path: Path) -> str:
    with os.fdopen(reading.open_file(path), "rb") as file:
        return reading.sha256_of_file(file)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


#: Called as parts go on: (part, bytes of text encoded since the last call, tokens, documents).
OnWork = Callable[[int, int, int, int], None]
