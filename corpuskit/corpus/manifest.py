"""The manifest: what a prepared corpus is, and the file that makes a folder one.

It is read with suspicion: bounded in size, strict JSON without duplicate keys or NaN, every number checked,
and file names that can only name files beside it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from corpuskit.errors import CorpusFormatError

FORMAT_VERSION: Final = 1
FILE_NAME = "manifest.json"
MAX_BYTES = 64 * 2**20

#: Each document has three of them in the index.
INDEX_DTYPE = "<u8"
INDEX_COLUMNS = 3

Count = Annotated[int, Field(ge=0, lt=2**63)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SplitName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class InputRecord(_Record):
    """One input file: enough to know it again, and nothing about the machine that read it."""

    name: str = Field(description="A URL without credentials, or a path relative to the corpus.")
    size_bytes: Count = Field(description="Its size.")
    sha256: Sha256 = Field(description="The digest of its bytes.")
    split: str | None = Field(None, description="The split that all of it belongs to, if it came split.")


class TokenizerRecord(_Record):
    """Which tokenizer made the ids, and what is needed to open it again."""

    name: str = Field(description="What followed `--encoding`.")
    vocab_size: int = Field(ge=1, le=2**32, description="Every id is smaller.")
    eot_id: Count | None = Field(None, description="The id that ends a text, if there is one.")
    fingerprint: str = Field(description="sha256 over everything that decides the ids.")
    state: JsonValue = Field(None, description="What the tokenizer needs to be opened again.")


class ShardRecord(_Record):
    """One shard: `file` holds the ids; the file of the same name ending in .idx holds its documents."""

    file: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}-[0-9]{5,}\.bin$", description="Its name.")
    num_tokens: int = Field(ge=1, lt=2**63, description="Ids in it.")
    num_documents: Count = Field(description="Documents that end in this shard.")
    size_bytes: Count = Field(description="The size of `file`.")
    sha256: Sha256 = Field(description="The digest of `file`.")
    index_sha256: Sha256 = Field(description="The digest of the .idx file.")

    @property
    def index_file(self) -> str:
        """The file that says where documents end."""
        return self.file.removesuffix(".bin") + ".idx"

    @property
    def index_bytes(self) -> int:
        """The size of that file."""
        return self.num_documents * INDEX_COLUMNS * 8


class SplitRecord(_Record):
    """A split: its shards in order, and their totals."""

    num_tokens: Count = Field(description="Ids in all shards.")
    num_documents: Count = Field(description="Documents in all shards.")
    shards: list[ShardRecord] = Field(description="The shards in order.")


class Manifest(_Record):
    """A prepared corpus, described. It holds no time, host, absolute path or number of workers."""

    format_version: Literal[1] = Field(
        default=FORMAT_VERSION, description="Of this file and those beside it."
    )
    corpuskit_version: str = Field(description="Who wrote it.")
    dataset: str = Field(description="The corpus's name.")
    inputs: list[InputRecord] = Field(description="The files that the text came from, in order.")
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
        """The manifest as the JSON value that is written."""
        return self.model_dump(mode="json")


def parse(data: bytes, *, where: str) -> Manifest:
    """The manifest in a file's bytes.

    Args:
        data: The file's content.
        where: What to call the file in errors.

    Raises:
        CorpusFormatError: If it is not one, is damaged, or was written by a newer corpuskit.
    """
    try:
        value = json.loads(data, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise CorpusFormatError(f"{where}: not a manifest: {error}", path=where) from error
    version = value.get("format_version") if isinstance(value, dict) else None
    if type(version) is not int:
        raise CorpusFormatError(f"{where}: not a manifest: it has no format_version", path=where)
    if version > FORMAT_VERSION:
        raise CorpusFormatError(
            f"{where}: format version {version} is newer than {FORMAT_VERSION}; upgrade corpuskit", path=where
        )
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise CorpusFormatError(f"{where}: {field}: {first['msg']}", path=where) from error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key appears twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
