"""What a finished part leaves behind: a record that is checked when it is read.

The file holds a digest of itself, and nothing in it is believed that does not fit the rest.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from corpuskit import reading, sealed, storage
from corpuskit.corpus.index import ROW_BYTES, fields_file, index_file, stream_file
from corpuskit.corpus.manifest import SPLIT_NAME
from corpuskit.errors import StorageError
from corpuskit.file_errors import reading_from
from corpuskit.preparation.parts.field_types import FirstValue
from corpuskit.preparation.parts.files import one_line, reader_of
from corpuskit.preparation.plan import Part
from corpuskit.value_streams import StreamInfo

log = logging.getLogger(__name__)

#: How many places of documents that were left out are kept, for each kind.
MAX_PLACES = 5

_RECORD_BYTES = 64 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class KeptFile:
    """The file of kept fields of a shard: its size in bytes, and the digest of its bytes."""

    size_bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True)
class PartShard:
    """One file of ids that a part made, with its index, streams and fields: a shard to be, or a piece of one.

    A shard without a file of fields is of documents that have none.
    """

    file: str
    num_tokens: int
    num_documents: int
    size_bytes: int
    sha256: str
    index_sha256: str
    streams: Mapping[str, str] = dataclasses.field(default_factory=dict)
    fields: KeptFile | None = None

    @property
    def fields_file(self) -> str:
        """The file of its kept fields."""
        return fields_file(self.file)

    @property
    def index_file(self) -> str:
        """The file that says where documents end."""
        return index_file(self.file)

    def stream_file(self, name: str) -> str:
        """The file of one of its streams."""
        return stream_file(self.file, name)

    def is_intact(self, folder: Path) -> bool:
        """Whether all files have the bytes that were written."""
        expected = {self.file: self.sha256, self.index_file: self.index_sha256}
        expected |= {self.stream_file(name): sha256 for name, sha256 in self.streams.items()}
        if self.fields is not None:
            expected[self.fields_file] = self.fields.sha256
        return all(_sha256_of(folder / name) == sha256 for name, sha256 in expected.items())

    def has_sizes(self, folder: Path, infos: Mapping[str, StreamInfo]) -> bool:
        """Whether all files are there with their sizes.

        Args:
            folder: Where they are.
            infos: What its streams are.
        """
        expected = {self.file: self.size_bytes, self.index_file: self.num_documents * ROW_BYTES}
        expected |= {
            self.stream_file(name): self.num_tokens * infos[name].item_bytes for name in self.streams
        }
        if self.fields is not None:
            expected[self.fields_file] = self.fields.size_bytes
        found = {name: (folder / name).lstat() for name in expected}
        return all(
            stat.S_ISREG(found[name].st_mode) and found[name].st_size == size
            for name, size in expected.items()
        )


@dataclasses.dataclass(frozen=True, slots=True)
class PartRecord:
    """What a finished part leaves behind.

    Args:
        number: The number of the part.
        fingerprint: The fingerprint of the plan; a record of another plan is not used.
        shards: Each split's files in order.
        left_out: Documents that were skipped or repaired, by kind.
        places: The first of them: (kind, input number, start, reason).
        state: What the inputs that it read were, as `state_of_inputs` says it.
        text_bytes: Bytes of text that were encoded.
        num_documents: Documents that were encoded.
        num_open_tokens: Tokens after the last document's end: of one that goes on in the next part.
        open_text_bytes: Of each split, the bytes of that document's text.
        separated: Whether a separator that the user named ends one of its documents.
        streams: What the streams of its shards are, by their names.
        fields: The first value of each kept field that has one.
        num_targets: Its tokens that are to be learned; None without a loss stream, where all of them are.
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
    open_text_bytes: Mapping[str, int]
    separated: bool
    streams: Mapping[str, StreamInfo] = dataclasses.field(default_factory=dict)
    fields: Mapping[str, FirstValue] = dataclasses.field(default_factory=dict)
    num_targets: int | None = None

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
            with reading_from(path):
                record = cls._parse(reading.read_file(path, max_bytes=_RECORD_BYTES))
                if record.fingerprint != fingerprint or record.number != number:
                    raise ValueError("it is of another plan or part")
                record._check()
                shards = [shard for shards in record.shards.values() for shard in shards]
                if not all(shard.has_sizes(folder, record.streams) for shard in shards):
                    raise ValueError("its files are not those that were written")
                if check_bytes and not all(shard.is_intact(folder) for shard in shards):
                    raise ValueError("its files are not those that were written")
        except ValueError as error:
            log.warning("%s is of no use, and its part is made again: %s", path, one_line(error))
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
        named = {item for _, item, _, _ in self.places} | {first.input for first in self.fields.values()}
        return named <= inputs

    @classmethod
    def _parse(cls, data: bytes) -> PartRecord:
        if not sealed.is_whole(data):
            raise ValueError("it is not as it was written")
        record: PartRecord = reader_of(PartRecord).validate_json(data, strict=True)
        return record

    def _check(self) -> None:
        """See that the numbers fit each other, and that the files' names are those that parts have.

        Raises:
            ValueError: If not.
        """
        counts = [self.text_bytes, self.num_documents, self.num_open_tokens, *self.left_out.values()]
        counts += self.open_text_bytes.values()
        for split, shards in self.shards.items():
            for number, shard in enumerate(shards):
                if shard.file != shard_name(self.number, split, number) + ".bin":
                    raise ValueError(f"{shard.file!r} is no name of a file of it")
                counts += [shard.num_tokens, shard.num_documents]
                if unknown := shard.streams.keys() - self.streams.keys():
                    raise ValueError(f"no stream of it is called {min(unknown)!r}")
                if shard.size_bytes not in (2 * shard.num_tokens, 4 * shard.num_tokens):
                    raise ValueError(f"{shard.num_tokens:,} ids are not {shard.size_bytes:,} bytes")
        documents = sum(shard.num_documents for shards in self.shards.values() for shard in shards)
        if min(counts) < 0 or not all(self.shards.values()) or documents != self.num_documents:
            raise ValueError("its numbers do not add up")
        if self.num_open_tokens > self.num_tokens or not 0 <= (self.num_targets or 0) <= self.num_tokens:
            raise ValueError("its numbers do not add up")


def state_of_inputs(states: Mapping[int, str]) -> str:
    """One digest of the states of some inputs, by their numbers; empty if they have none."""
    if not any(states.values()):
        return ""
    return hashlib.sha256(json.dumps(sorted(states.items())).encode()).hexdigest()


def streams_of(
    shards: Mapping[str, Sequence[PartShard]], infos: Mapping[str, StreamInfo]
) -> dict[str, StreamInfo]:
    """What the streams are that some shard has.

    Args:
        shards: Each split's files.
        infos: What the streams are that there may be.
    """
    found = {name for made in shards.values() for shard in made for name in shard.streams}
    return {name: infos[name] for name in sorted(found)}


def record_path(folder: Path, number: int) -> Path:
    """Where a part's record is."""
    return folder / f"part-{number:05d}.json"


def shard_name(part: int, split: str, number: int) -> str:
    """What a part calls a file of ids and its index, without their endings.

    Raises:
        ValueError: If no split can have the name.
    """
    if not re.fullmatch(SPLIT_NAME, split):
        raise ValueError(f"{split!r} is no name of a split")
    return f"part-{part:05d}-{split}-{number:05d}"


def _sha256_of(path: Path) -> str:
    with os.fdopen(reading.open_file(path), "rb") as file:
        return reading.sha256_of_file(file)
