"""The manifest: what a prepared corpus is, and the file that makes a folder one.

It is read with suspicion: bounded in size and in what that size may become in memory, strict JSON without
duplicate keys or NaN, every number checked, and file names that can only name files beside it. Its last field
is the sha256 of all bytes before it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from corpuskit import sealed
from corpuskit.corpus.index import ROW_BYTES, fields_file, index_file, stream_file
from corpuskit.errors import ConfigError
from corpuskit.sources.kept_fields import MAX_FIELDS, FieldType
from corpuskit.value_streams import STREAM_NAME, StreamDtype, StreamInfo

FORMAT_VERSION: Final = 3
FILE_NAME = "manifest.json"
#: A million inputs take about 190 MB.
MAX_BYTES = 256 * 2**20
#: So many commas and opening brackets: a million inputs have five million of them. Each may be a value that
#: takes sixty bytes in memory and two in the file.
MAX_VALUES = 8_000_000
#: Splits, options, and kinds of documents that were left out: of each.
MAX_NAMES = 1000

Count = Annotated[int, Field(ge=0, lt=2**63)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
#: What a split may be called, as a regular expression: its name is a part of names of files.
SPLIT_NAME = r"[a-z][a-z0-9_]{0,31}"
#: What the files of shards are called: ids, index, streams of values and kept fields.
SHARD_FILE = rf"{SPLIT_NAME}-\d{{5,}}(?:(?:\.{SPLIT_NAME})?\.bin|\.idx|\.fields\.arrow)"
SplitName = Annotated[str, Field(pattern=rf"^{SPLIT_NAME}$")]
StreamName = Annotated[str, Field(pattern=rf"^{STREAM_NAME}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    #: Fields that are written only where they say something.
    _SOMETIMES: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_what_says_nothing(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if value or name not in self._SOMETIMES}


class InputRecord(_Record):
    """One input file: enough to know it again, and nothing about the machine that read it."""

    _SOMETIMES: ClassVar[frozenset[str]] = frozenset({"unverified"})

    name: str = Field(
        description="Where it came from: a URL without credentials, or a path relative to the corpus."
    )
    size_bytes: Count = Field(description="Its size.")
    sha256: Sha256 = Field(description="The digest of its bytes.")
    split: str | None = Field(None, description="The split that all of it belongs to, if it came split.")
    unverified: bool = Field(
        False,
        description="True where it was taken from elsewhere (`--from`) and nothing said what its bytes must "
        "be; otherwise absent.",
    )


class TokenizerRecord(_Record):
    """Which tokenizer made the ids, and what is needed to open it again."""

    _SOMETIMES: ClassVar[frozenset[str]] = frozenset({"added_tokens", "distribution", "distribution_version"})

    name: str = Field(description="What followed `--encoding`.")
    vocab_size: int = Field(ge=1, le=2**32, description="Every id is smaller.")
    eot_id: Count | None = Field(None, description="The id that ends a text, if there is one.")
    fingerprint: str = Field(description="sha256 over everything that decides the ids.")
    state: JsonValue = Field(None, description="What the tokenizer needs to be opened again.")
    added_tokens: list[str] = Field(
        default_factory=list,
        description="The names of control tokens that its own vocabulary lacks: they have the last ids, in "
        "order. Absent where there are none.",
    )
    distribution: str | None = Field(
        None, description="The distribution of the plugin that has it; absent where corpuskit has it itself."
    )
    distribution_version: str | None = Field(None, description="And the version that made the ids.")


class StreamRecord(_Record):
    """A stream of values beside the ids: one item a token, at the tokens' own places."""

    dtype: StreamDtype = Field(description="The type of an item; little-endian.")
    fill: int | float = Field(description="The item of tokens in shards that have no file of the stream.")
    of: Literal["input", "target"] = Field(description="Where batches have it: with x, or with y.")

    @model_validator(mode="after")
    def _check_fill(self) -> StreamRecord:
        _ = self.info
        return self

    @property
    def info(self) -> StreamInfo:
        """The same as batches take it."""
        return StreamInfo(self.dtype, self.fill, self.of)


class FieldRecord(_Record):
    """A field of the input's records that is kept beside the ids."""

    name: str = Field(min_length=1, description="Its name; dots lead into nested ones.")
    type: FieldType = Field(
        description="What its values are: text, 64-bit whole numbers, 64-bit floats, or true and false."
    )


class FieldsRecord(_Record):
    """The file of kept fields beside a shard: Arrow's, with a row for each of its documents."""

    size_bytes: Count = Field(description="Its size.")
    sha256: Sha256 = Field(description="The digest of its bytes.")


class ShardRecord(_Record):
    """One shard: `file` holds the ids; the file of the same name ending in .idx holds its documents."""

    _SOMETIMES: ClassVar[frozenset[str]] = frozenset({"streams", "fields"})

    file: str = Field(pattern=rf"^{SPLIT_NAME}-[0-9]{{5,}}\.bin$", description="Its name.")
    num_tokens: int = Field(ge=1, lt=2**63, description="Ids in it.")
    num_documents: Count = Field(description="Documents that end in this shard.")
    size_bytes: Count = Field(description="The size of `file`.")
    sha256: Sha256 = Field(description="The digest of `file`.")
    index_sha256: Sha256 = Field(description="The digest of the .idx file.")
    streams: dict[StreamName, Sha256] = Field(
        default_factory=dict,
        description="The digests of its streams' files, by the streams' names; absent without any.",
    )

    fields: FieldsRecord | None = Field(
        None, description="The .fields.arrow file; absent where no fields are kept."
    )

    @property
    def fields_file(self) -> str:
        """The file of its documents' kept fields."""
        return fields_file(self.file)

    @property
    def index_file(self) -> str:
        """The file that says where documents end."""
        return index_file(self.file)

    @property
    def index_bytes(self) -> int:
        """The size of that file."""
        return self.num_documents * ROW_BYTES

    def stream_file(self, name: str) -> str:
        """The file of one of its streams."""
        return stream_file(self.file, name)


class FileRecord(NamedTuple):
    """One file of a corpus: its name beside the manifest, its size in bytes, and the digest of its bytes."""

    name: str
    size_bytes: int
    sha256: str


class SplitRecord(_Record):
    """A split: its shards in order, and their totals."""

    num_tokens: Count = Field(description="Ids in all shards.")
    num_documents: Count = Field(description="Documents in all shards.")
    shards: Annotated[list[ShardRecord], FailFast()] = Field(description="The shards in order.")


class Manifest(_Record):
    """A prepared corpus, described. It holds no time, host, absolute path or number of workers."""

    _SOMETIMES: ClassVar[frozenset[str]] = frozenset({"streams", "fields"})

    format_version: Literal[3] = Field(
        default=FORMAT_VERSION, description="Of this file and those beside it."
    )
    corpuskit_version: str = Field(description="Who wrote it.")
    dataset: str = Field(description="The corpus's name.")
    inputs: Annotated[list[InputRecord], FailFast()] = Field(
        description="The files that the text came from, in order."
    )
    tokenizer: TokenizerRecord = Field(description="What made the ids.")
    dtype: Literal["<u2", "<u4"] = Field(description="uint16 up to 65,536 ids, else uint32; little-endian.")
    options: dict[str, JsonValue] = Field(description="The options that shaped the bytes.")
    left_out: dict[str, Count] = Field(
        default_factory=dict, description="Documents that were skipped or repaired, by kind."
    )
    left_out_files: dict[str, Count] = Field(
        default_factory=dict, description="Files and folders that were found and not read, by kind."
    )
    streams: dict[StreamName, StreamRecord] = Field(
        default_factory=dict,
        description="The streams of values beside the ids, by their names; absent without any.",
    )
    fields: Annotated[list[FieldRecord], Field(max_length=MAX_FIELDS)] = Field(
        default_factory=list,
        description="The kept fields in order, the columns of each .fields.arrow file; absent without any.",
    )
    splits: dict[SplitName, SplitRecord] = Field(description="Each split's shards, by its name.")
    sha256: str = Field(
        default="",
        pattern=r"^([0-9a-f]{64})?$",
        description="The digest of all bytes of the file before its own.",
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Manifest:
        seen: set[str] = set()
        if len({field.name for field in self.fields}) != len(self.fields):
            raise ValueError("a kept field is listed twice")
        item_bytes = 2 if self.dtype == "<u2" else 4
        if self.dtype == "<u2" and self.tokenizer.vocab_size > 2**16:
            raise ValueError(f"vocabulary of {self.tokenizer.vocab_size:,} ids does not fit {self.dtype}")
        for name, split in self.splits.items():
            for shard in split.shards:
                if not shard.file.startswith(f"{name}-") or shard.file in seen:
                    raise ValueError(f"shard {shard.file} is listed twice or under the wrong split")
                seen.add(shard.file)
                if shard.size_bytes != shard.num_tokens * item_bytes:
                    raise ValueError(
                        f"shard {shard.file}: {shard.num_tokens:,} tokens of {item_bytes} bytes "
                        f"are not {shard.size_bytes:,} bytes"
                    )
                if (shard.fields is None) != (not self.fields):
                    raise ValueError(f"shard {shard.file}: its fields are not those of the corpus")
                if unknown := shard.streams.keys() - self.streams.keys():
                    raise ValueError(f"shard {shard.file}: no stream is called {min(unknown)!r}")
            for field in ("num_tokens", "num_documents"):
                total, stated = sum(getattr(s, field) for s in split.shards), getattr(split, field)
                if total != stated:
                    raise ValueError(f"split {name}: shards have {total:,} {field}, stated {stated:,}")
        return self

    @property
    def fingerprint(self) -> str:
        """A sha256 over tokens, their order, documents and tokenizer: what a trainer resumes against."""
        return _digest({name: self.split_fingerprint(name) for name in sorted(self.splits)})

    def split_fingerprint(self, name: str) -> str:
        """The same for one split, its streams included."""
        shards = self.splits[name].shards
        digests = [[shard.sha256, shard.index_sha256] for shard in shards]
        identity: list[Any] = [self.tokenizer.fingerprint, self.dtype, name, digests]
        if any(shard.streams for shard in shards):
            streams = {
                each: [record.dtype, record.info.fill, record.of]
                for each, record in sorted(self.streams.items())
            }
            identity += [streams, [sorted(shard.streams.items()) for shard in shards]]
        return _digest(identity)

    def files(self, shard: ShardRecord) -> list[FileRecord]:
        """All files of a shard: of its ids, its documents, its streams and its kept fields."""
        streams = [
            FileRecord(shard.stream_file(name), shard.num_tokens * self.streams[name].info.item_bytes, sha256)
            for name, sha256 in sorted(shard.streams.items())
        ]
        files = [
            FileRecord(shard.file, shard.size_bytes, shard.sha256),
            FileRecord(shard.index_file, shard.index_bytes, shard.index_sha256),
            *streams,
        ]
        if shard.fields is not None:
            files.append(FileRecord(shard.fields_file, shard.fields.size_bytes, shard.fields.sha256))
        return files

    @property
    def knows_text_bytes(self) -> bool:
        """Whether the indexes say how many bytes each document's text has; imports may not know it."""
        return self.options.get("text_bytes") is not False

    @property
    def field_types(self) -> dict[str, str]:
        """The type of each kept field, in order."""
        return {field.name: field.type for field in self.fields}

    def all_files(self) -> list[FileRecord]:
        """The files of all shards, in order."""
        return [
            file for split in self.splits.values() for shard in split.shards for file in self.files(shard)
        ]

    def to_json(self) -> dict[str, Any]:
        """The manifest as a JSON value."""
        return self.model_dump(mode="json")

    def to_bytes(self) -> bytes:
        """The manifest as the bytes of its file.

        Raises:
            ConfigError: If no reader would take so large a manifest.
        """
        data = sealed.to_bytes(self.to_json())
        if (limit := exceeded(data)) is not None:
            raise ConfigError(
                f"{self.dataset}: the manifest would be {limit}: it names {len(self.inputs):,} inputs; "
                "put the text into fewer files",
                found=len(self.inputs),
            )
        return data


def exceeded(data: bytes) -> str | None:
    """Which limit a manifest's bytes exceed, if one.

    Args:
        data: The bytes of its file.
    """
    if len(data) > MAX_BYTES:
        return f"larger than {MAX_BYTES:,} bytes"
    if len(data) > MAX_VALUES and sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        return f"larger than {MAX_VALUES:,} values"
    return None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
