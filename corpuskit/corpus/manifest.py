"""The manifest: what a prepared corpus is, and the file that makes a folder one.

It is read with suspicion: bounded in size and in what that size may become in memory, strict JSON without
duplicate keys or NaN, every number checked, and file names that can only name files beside it. Its last field
is the sha256 of all bytes before it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from corpuskit import sealed
from corpuskit.corpus.index import ROW_BYTES, index_file
from corpuskit.errors import ConfigError, CorpusFormatError

FORMAT_VERSION: Final = 2
FILE_NAME = "manifest.json"
#: A million inputs take about 190 MB.
MAX_BYTES = 256 * 2**20
#: So many commas and opening brackets: a million inputs have five million of them. Each may be a value that
#: takes sixty bytes in memory and two in the file.
MAX_VALUES = 8_000_000
#: Splits, options, and kinds of documents that were left out: of each.
MAX_NAMES = 1000
#: More than any record has; each one that does not belong there would be an error to report.
_MAX_FIELDS = 32
_NAMED = ("splits", "options", "left_out", "left_out_files")
_SHOWN_CHARACTERS = 60

Count = Annotated[int, Field(ge=0, lt=2**63)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
#: What a split may be called, as a regular expression: its name is a part of names of files.
SPLIT_NAME = r"[a-z][a-z0-9_]{0,31}"
SplitName = Annotated[str, Field(pattern=rf"^{SPLIT_NAME}$")]


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

    _SOMETIMES: ClassVar[frozenset[str]] = frozenset({"distribution", "distribution_version"})

    name: str = Field(description="What followed `--encoding`.")
    vocab_size: int = Field(ge=1, le=2**32, description="Every id is smaller.")
    eot_id: Count | None = Field(None, description="The id that ends a text, if there is one.")
    fingerprint: str = Field(description="sha256 over everything that decides the ids.")
    state: JsonValue = Field(None, description="What the tokenizer needs to be opened again.")
    distribution: str | None = Field(
        None, description="The distribution of the plugin that has it; absent where corpuskit has it itself."
    )
    distribution_version: str | None = Field(None, description="And the version that made the ids.")


class ShardRecord(_Record):
    """One shard: `file` holds the ids; the file of the same name ending in .idx holds its documents."""

    file: str = Field(pattern=rf"^{SPLIT_NAME}-[0-9]{{5,}}\.bin$", description="Its name.")
    num_tokens: int = Field(ge=1, lt=2**63, description="Ids in it.")
    num_documents: Count = Field(description="Documents that end in this shard.")
    size_bytes: Count = Field(description="The size of `file`.")
    sha256: Sha256 = Field(description="The digest of `file`.")
    index_sha256: Sha256 = Field(description="The digest of the .idx file.")

    @property
    def index_file(self) -> str:
        """The file that says where documents end."""
        return index_file(self.file)

    @property
    def index_bytes(self) -> int:
        """The size of that file."""
        return self.num_documents * ROW_BYTES


class SplitRecord(_Record):
    """A split: its shards in order, and their totals."""

    num_tokens: Count = Field(description="Ids in all shards.")
    num_documents: Count = Field(description="Documents in all shards.")
    shards: Annotated[list[ShardRecord], FailFast()] = Field(description="The shards in order.")


class Manifest(_Record):
    """A prepared corpus, described. It holds no time, host, absolute path or number of workers."""

    format_version: Literal[2] = Field(
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
    splits: dict[SplitName, SplitRecord] = Field(description="Each split's shards, by its name.")
    sha256: str = Field(
        default="",
        pattern=r"^([0-9a-f]{64})?$",
        description="The digest of all bytes of the file before its own.",
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Manifest:
        seen: set[str] = set()
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
            for field in ("num_tokens", "num_documents"):
                total, stated = sum(getattr(s, field) for s in split.shards), getattr(split, field)
                if total != stated:
                    raise ValueError(f"split {name}: shards have {total:,} {field}, stated {stated:,}")
        return self

    @property
    def fingerprint(self) -> str:
        """A sha256 over the tokens, their order and their tokenizer: what a trainer resumes against."""
        return _digest({name: self.split_fingerprint(name) for name in sorted(self.splits)})

    def split_fingerprint(self, name: str) -> str:
        """The same for one split."""
        return _digest(
            [self.tokenizer.fingerprint, self.dtype, name, [s.sha256 for s in self.splits[name].shards]]
        )

    def to_json(self) -> dict[str, Any]:
        """The manifest as a JSON value."""
        return self.model_dump(mode="json")

    def to_bytes(self) -> bytes:
        """The manifest as the bytes of its file.

        Raises:
            ConfigError: If no reader would take so large a manifest.
        """
        data = sealed.to_bytes(self.to_json())
        if (limit := _exceeded(data)) is not None:
            raise ConfigError(
                f"{self.dataset}: the manifest would be {limit}: it names {len(self.inputs):,} inputs; "
                "put the text into fewer files",
                found=len(self.inputs),
            )
        return data


def parse(data: bytes, *, where: str) -> Manifest:
    """The manifest in a file's bytes.

    Args:
        data: The file's content.
        where: What to call the file in errors.

    Raises:
        CorpusFormatError: If it is not one, is damaged, or was written by another version of corpuskit.
    """
    value = _load(data, where)
    _check_version(value["format_version"], where)
    if not sealed.is_whole(data):
        raise CorpusFormatError(
            f"{where}: damaged: its sha256 field is not the digest of the bytes before it; copy the corpus "
            "again, or prepare it again with --overwrite",
            path=where,
        )
    _check_counts(value, where)
    try:
        return Manifest.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(_shown(part) for part in first["loc"]) or "manifest"
        raise CorpusFormatError(f"{where}: {field}: {first['msg']}", path=where) from None


def _load(data: bytes, where: str) -> dict[str, Any]:
    """The JSON object in a file, whatever its fields, but for a format version."""
    if (limit := _exceeded(data)) is not None:
        raise CorpusFormatError(f"{where}: {limit}", path=where)
    try:
        text = data.decode()
        value = json.loads(
            text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
        if b"\\u" in data:  # may spell half a character, which is no text
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = "bytes that are not UTF-8" if isinstance(error, UnicodeError) else error
        raise _not_a_manifest(where, reason) from None
    if not isinstance(value, dict) or type(value.get("format_version")) is not int:
        raise _not_a_manifest(where, "it has no format_version")
    return value


def _not_a_manifest(where: str, reason: object) -> CorpusFormatError:
    return CorpusFormatError(
        f"{where}: not a manifest: {reason}; if it was a corpus's, prepare that again with --overwrite",
        path=where,
    )


def _exceeded(data: bytes) -> str | None:
    """Which limit a manifest's bytes exceed, if one."""
    if len(data) > MAX_BYTES:
        return f"larger than {MAX_BYTES:,} bytes"
    if len(data) > MAX_VALUES and sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        return f"larger than {MAX_VALUES:,} values"
    return None


def _check_version(version: int, where: str) -> None:
    if version > FORMAT_VERSION:
        raise CorpusFormatError(
            f"{where}: format version {version} is newer than {FORMAT_VERSION}; upgrade corpuskit", path=where
        )
    if version < FORMAT_VERSION:
        raise CorpusFormatError(
            f"{where}: format version {version} is older than {FORMAT_VERSION}; prepare the corpus again "
            "with --overwrite",
            path=where,
        )


def _check_counts(value: dict[str, Any], where: str) -> None:
    """Refuse names and fields without end, before each of them becomes an error to report."""
    for field, found, limit in _counted(value):
        if len(found) > limit:
            raise CorpusFormatError(
                f"{where}: {field}: {len(found):,} fields, expected at most {limit:,}", path=where
            )


def _counted(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """The objects of a manifest but for a tokenizer's own, and how many fields they may have."""
    splits = value.get("splits")
    splits = list(splits.values()) if isinstance(splits, dict) and len(splits) <= MAX_NAMES else []
    records: list[tuple[str, Any, int]] = [
        ("manifest", value, _MAX_FIELDS),
        *((name, value.get(name), MAX_NAMES) for name in _NAMED),
        ("tokenizer", value.get("tokenizer"), _MAX_FIELDS),
        *(("splits", split, _MAX_FIELDS) for split in splits),
    ]
    lists = [("inputs", value.get("inputs"))]
    lists += [("shards", split.get("shards")) for split in splits if isinstance(split, dict)]
    yield from (record for record in records if isinstance(record[1], dict))
    for name, items in lists:
        if isinstance(items, list):
            yield from ((name, item, _MAX_FIELDS) for item in items if isinstance(item, dict))


def _shown(part: str | int) -> str:
    """A key of the file as an error may show it: short, and with nothing that moves a terminal's cursor."""
    text = str(part)[:_SHOWN_CHARACTERS]
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key appears twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
