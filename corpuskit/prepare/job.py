"""What a worker is told and what it answers: both are JSON, so any process on any machine can take part."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from corpuskit import storage
from corpuskit.errors import StorageError
from corpuskit.prepare.plan import Part, Piece, fields_of
from corpuskit.sources.base import Input, Slice

#: How many places of documents that were left out are kept, for each kind.
MAX_PLACES = 5

_INDEX_ROW_BYTES = 24


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

    def to_json(self) -> dict[str, Any]:
        """A JSON value that `from_json` reads."""
        return {
            **fields_of(self),
            "inputs": [fields_of(item) for item in self.inputs],
            "parts": [part.to_json() for part in self.parts],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Job:
        """The job that `to_json` described."""
        inputs = tuple(Input(**item) for item in value["inputs"])
        parts = tuple(
            Part(
                part["number"],
                tuple(Piece(p["input"], Slice(**p["slice"]), p["split"]) for p in part["pieces"]),
            )
            for part in value["parts"]
        )
        return cls(**{**value, "inputs": inputs, "parts": parts})


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
        return all(storage.sha256_of(folder / name) == sha256 for name, sha256 in expected.items())


@dataclasses.dataclass(frozen=True, slots=True)
class PartRecord:
    """What a finished part leaves behind.

    Args:
        number: The part's.
        fingerprint: The plan's; a record of another plan is not used.
        shards: Each split's files in order.
        left_out: Documents that were skipped or repaired, by kind.
        places: The first of them: (kind, input number, start, reason).
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
        storage.write_json(record_path(folder, self.number), dataclasses.asdict(self))

    @classmethod
    def load(
        cls, folder: Path, number: int, *, fingerprint: str, check_bytes: bool = False
    ) -> PartRecord | None:
        """The record of a finished part, or None if it must be done.

        A record counts only if it is of the same plan and its files are there with their sizes; with
        `check_bytes`, also with their sha256s.
        """
        try:
            record = cls._parse(json.loads(record_path(folder, number).read_bytes()))
            if record.fingerprint != fingerprint or record.number != number:
                return None
            for shard in (shard for shards in record.shards.values() for shard in shards):
                if (folder / shard.file).stat().st_size != shard.size_bytes:
                    return None
                index_bytes = (folder / shard.index_file).stat().st_size
                if index_bytes != shard.num_documents * _INDEX_ROW_BYTES:
                    return None
                if check_bytes and not shard.is_intact(folder):
                    return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return record

    @classmethod
    def _parse(cls, value: Mapping[str, Any]) -> PartRecord:
        return cls(
            number=value["number"],
            fingerprint=value["fingerprint"],
            shards={
                split: tuple(PartShard(**shard) for shard in shards)
                for split, shards in value["shards"].items()
            },
            left_out=value["left_out"],
            places=tuple((kind, item, start, why) for kind, item, start, why in value["places"]),
            text_bytes=value["text_bytes"],
            num_documents=value["num_documents"],
            num_open_tokens=value["num_open_tokens"],
            separated=value["separated"],
        )


def record_path(folder: Path, number: int) -> Path:
    """Where a part's record is."""
    return folder / f"part-{number:05d}.json"


def save_job(job: Job) -> None:
    """Write the job into its folder, where workers on other machines read it."""
    # Not indented: of many inputs that would take seconds, and only workers read it.
    storage.write_bytes(Path(job.folder) / "job.json", json.dumps(job.to_json()).encode())


def load_job(folder: Path) -> Job:
    """The job in a folder.

    Raises:
        StorageError: If there is none.
    """
    try:
        return Job.from_json(json.loads((folder / "job.json").read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{folder}: no job to work on: {error}", path=folder) from error


#: Called as parts go on: (part, bytes of text encoded since the last call, tokens, documents).
OnWork = Callable[[int, int, int, int], None]
