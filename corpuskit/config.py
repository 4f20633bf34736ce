"""What a person may say: the options of `prepare` and of `batches`, checked before any work starts.

The same models serve Python, the command line and TOML files. A field that is unknown, of the wrong type
or out of range is a `ConfigError` that names the field, the value and what is allowed.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator

from corpuskit.errors import ConfigError
from corpuskit.numbers import plain
from corpuskit.said import Said, SaidInFile, read_table
from corpuskit.units import parse_count, parse_size

_C = TypeVar("_C", bound="Config")

#: The longest name of a corpus.
_MAX_NAME_BYTES = 255

#: The sizes of a batch where nobody says any, and what `debug=True` shrinks one to.
BATCH_SIZE, BLOCK_SIZE = 64, 128
DEBUG_BATCH_SIZE, DEBUG_BLOCK_SIZE = 2, 8


class Config(BaseModel):
    """What the configurations share: nothing unknown, nothing coerced, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        """A number is one whoever counted it, NumPy included, and so is a boolean."""
        return plain(value)

    @classmethod
    def make(cls: type[_C], *layers: Mapping[str, Any]) -> _C:
        """Build one from layers of values; later layers win, in tables key by key, and None says nothing.

        Raises:
            ConfigError: If a value is not allowed; the message names the field, the value and the rule.
        """
        values: dict[str, Any] = {}
        said: dict[str, tuple[Said, str]] = {}  # by the field: where it was said last, and as which key
        for layer in layers:
            for key, value in layer.items():
                name = cls._field_name(key)
                if value is not None:
                    said[name] = (layer if isinstance(layer, Said) else Said(layer)), key
                if isinstance(value, Mapping) and isinstance(values.get(name), Mapping):
                    values[name] = {**values[name], **value}
                elif value is not None:
                    values[name] = value
        try:
            return cls(**values)
        except ValidationError as error:
            raise ConfigError(_explain(cls, error, said)) from error

    @classmethod
    def has(cls, key: str) -> bool:
        """Whether there is a field of this name or alias."""
        return cls._field_name(key) in cls.model_fields

    @classmethod
    def _field_name(cls, key: str) -> str:
        """The field that a key or one of its aliases means; both spellings in two layers are one field."""
        for name, field in cls.model_fields.items():
            alias = field.validation_alias
            if isinstance(alias, AliasChoices) and key in alias.choices:
                return name
        return key


class PrepareConfig(Config):
    """Everything that `corpuskit prepare` can be told.

    The fields from `split` to `shard_bytes` shape the bytes of the result and are recorded in the manifest;
    the others only say where things are and how the work is done.
    """

    dataset: str | list[str] = Field(
        description="A corpus by name, or files: a path, a folder, a glob, a URL, or @list."
    )
    encoding: str = Field("gpt2", description="The tokenizer's name.")
    name: str | None = Field(None, description="What to call the corpus; by default the dataset's own name.")
    output: Path | str | None = Field(
        None,
        description="Where to write: a folder, or the URL of one in an object store; by default "
        "data/NAME/ENCODING in the working folder.",
    )
    work_dir: Path | None = Field(
        None,
        strict=False,
        description="Where a corpus for an object store is made before its upload; by default in the cache.",
    )
    location: str | None = Field(
        None,
        validation_alias=AliasChoices("location", "from"),
        description="A path or URL to take a named corpus's bytes from; they are checked all the same.",
    )
    split: str | None = Field(
        None,
        description="'characters:0.1' (the last tenth), 'valid=0.01,test=0.01' (by document), or 'none'.",
    )
    eot: bool | None = Field(None, description="Append the end-of-text id after each document.")
    format: str | None = Field(None, description="The reader to use, whatever the file's extension says.")
    text_field: str | list[str] | None = Field(
        None,
        description="The field or column that holds the text; several, or 'body,text', in order of "
        "preference; '*.csv=body' is for files of such names only.",
    )
    separator: str | None = Field(None, description="What separates the documents of a text file.")
    lines: bool | None = Field(None, description="Each line of a text file is a document.")
    invalid_utf8: Literal["error", "replace"] = Field("error", description="What to do about broken bytes.")
    on_bad_document: Literal["error", "skip"] = Field("error", description="What to do about broken records.")
    on_missing: Literal["skip", "error"] = Field("skip", description="What to do about records without text.")
    reader_options: dict[str, bool | int | float | str] = Field(
        {},
        description="Further options of readers by name, such as max_ratio or a CSV's delimiter; a size may "
        "be text ('512M').",
    )
    max_tokens: int | None = Field(None, ge=1, description="Stop after the document that reaches so many.")
    part_bytes: int | None = Field(
        None, ge=1, description="About how much text a part of the work has; follows the corpus's size."
    )
    shard_bytes: int = Field(2**29, ge=2, description="The largest shard.")
    engine: str = Field("auto", description="Which of the tokenizer's engines computes the ids.")
    executor: str = Field("local", description="What runs the parts.")
    workers: int | None = Field(None, ge=1, le=4096, description="Processes; by default one a core.")
    parts: str | None = Field(
        None,
        description="Make only the K-th of N shares of the parts ('K/N'); 'corpuskit commit' does the rest.",
    )
    overwrite: bool = Field(False, description="Replace a corpus that was prepared differently.")

    @field_validator("dataset", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Something is named, and nothing that no file can be called."""
        from corpuskit.paths import user_path

        value = [*map(_as_file, value)] if isinstance(value, list) else _as_file(value)
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return value
        if not names:
            raise ConfigError("dataset: nothing is named; give a corpus by name, or files")
        for name in names:
            if "://" not in name:
                user_path(name.removeprefix("@"), what="dataset")
        return value

    @field_validator("name")
    @classmethod
    def _title(cls, value: str | None) -> str | None:
        from corpuskit.paths import visible_name

        if value is None:
            return None
        size_bytes = len(value.encode("utf-8", "surrogatepass"))
        if size_bytes > _MAX_NAME_BYTES:
            raise ValueError(f"at most {_MAX_NAME_BYTES} bytes long, and this has {size_bytes:,}")
        if value.strip(". ") == "" or visible_name(value) != unicodedata.normalize("NFC", value):
            raise ValueError("a line of text with more than dots and spaces")
        return value

    @field_validator("output", mode="before")
    @classmethod
    def _place(cls, value: Any) -> Any:
        """A URL stays a string; everything else becomes a path."""
        from corpuskit.urls import remote_path

        if not isinstance(value, (str, os.PathLike)):
            return value
        return str(value) if remote_path(value) is not None else _folder(value, "--output")

    @field_validator("work_dir", mode="before")
    @classmethod
    def _work_folder(cls, value: Any) -> Any:
        return _folder(value, "--work-dir") if isinstance(value, (str, os.PathLike)) else value

    @field_validator("location", mode="before")
    @classmethod
    def _source_place(cls, value: Any) -> Any:
        """A URL stays as it is; of a path, `~` is home."""
        from corpuskit.paths import user_path

        if not isinstance(value, (str, os.PathLike)) or "://" in os.fspath(value):
            return value
        return str(user_path(value, what="--from"))

    @field_validator("max_tokens", mode="before")
    @classmethod
    def _count(cls, value: Any) -> Any:
        return parse_count(value) if isinstance(value, str) else value

    @field_validator("parts")
    @classmethod
    def _share(cls, value: str | None) -> str | None:
        if value is None:
            return None
        found = re.fullmatch(r"([1-9][0-9]*)/([1-9][0-9]*)", value)
        if found is None or int(found[1]) > int(found[2]):
            raise ValueError("of the form K/N, such as 1/4, with K from 1 to N")
        return value

    @field_validator("part_bytes", "shard_bytes", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        return parse_size(value) if isinstance(value, str) else value


class BatchConfig(Config):
    """Everything that `corpus.batches` can be told from a file or from flags."""

    split: str = Field("train", description="The split to draw from.")
    batch_size: int = Field(BATCH_SIZE, ge=1, description="B, windows in a batch over all ranks.")
    block_size: int = Field(
        BLOCK_SIZE,
        ge=1,
        validation_alias=AliasChoices("block_size", "context_length"),
        description="T, tokens in a window.",
    )
    sampler: str = Field("random", description="Which windows are drawn.")
    seed: int = Field(0, description="Different seeds give unrelated orders.")
    device: str | None = Field(
        None,
        description="Where torch tensors go: 'cpu', 'cuda', 'cuda:1', ...; 'auto' is a GPU if there is one.",
    )
    debug: bool = Field(
        False, description=f"Shrink to batch_size {DEBUG_BATCH_SIZE} and block_size {DEBUG_BLOCK_SIZE}."
    )

    def options(self) -> dict[str, Any]:
        """What `corpuskit.Batches` takes, beside the split."""
        names = ("batch_size", "block_size", "sampler", "seed", "device", "debug")
        return {name: getattr(self, name) for name in names}

    def model_post_init(self, context: Any, /) -> None:
        if self.debug:
            object.__setattr__(self, "batch_size", DEBUG_BATCH_SIZE)
            object.__setattr__(self, "block_size", DEBUG_BLOCK_SIZE)


class RunConfig(Config):
    """One configuration from text to batches: `prepare` and `corpus.batches` each take their part of it.

    ```python
    config = corpuskit.read_config("corpus.toml")
    batches = corpuskit.prepare(config=config).batches(config=config)
    ```
    """

    prepare: PrepareConfig = Field(description="How the corpus is prepared.")
    batches: BatchConfig = Field(
        default_factory=lambda: BatchConfig.make({}), description="How batches are drawn from it."
    )


def read_config(path: str | os.PathLike[str]) -> RunConfig:
    """Read a configuration from text to batches.

    Args:
        path: A TOML file with the tables `[prepare]` and `[batches]`, the fields of `corpuskit.PrepareConfig`
            and of `corpuskit.BatchConfig`. What only one of them has may also stand above the tables.

    Raises:
        ConfigError: If the file cannot be read, or a value is not allowed.

    Example:
        >>> config = corpuskit.read_config("corpus.toml")  # doctest: +SKIP
        >>> batches = corpuskit.prepare(config=config).batches(config=config)  # doctest: +SKIP
    """
    prepare, batches = _read_toml(path, PrepareConfig), _read_toml(path, BatchConfig)
    both = [key for key in prepare.at_top if key in batches.at_top and BatchConfig.has(key)]
    if both:
        raise ConfigError(
            f"{path}: {both[0]} is a field of [prepare] and of [batches]; write it in the one that is meant",
            path=path,
            found=both[0],
        )
    return RunConfig(prepare=PrepareConfig.make(prepare), batches=BatchConfig.make(batches))


def _as_file(value: Any) -> Any:
    """What a path object says as text that is no name: `pathlib` drops a `./`."""
    if not isinstance(value, os.PathLike):
        return value
    text: str = os.fsdecode(value)
    return text if os.path.isabs(text) else os.path.join(os.curdir, text)  # noqa: PTH117, PTH118 - keeps the ./


def _folder(value: str | os.PathLike[str], flag: str) -> Path:
    """A folder that is to be made, beside which others are made first."""
    from corpuskit.paths import user_path

    folder = user_path(value, what=flag)
    if folder.name in ("", ".."):
        why = "a corpus needs a folder with a name of its own, such as data/mine"
        raise ConfigError(f"{flag} {os.fspath(value)!r}: {why}", found=folder, reason=why)
    return folder


def read_toml(path: str | os.PathLike[str], model: type[Config]) -> Said:
    """The values of a configuration file.

    Args:
        path: A TOML file. Values may stand at the top or in a table named after the command, such as
            `[prepare]` or `[batches]`; a table wins. At the top, what only the other command has is its own.
        model: The model that the values are for.

    Raises:
        ConfigError: If the file cannot be read or is not TOML.
    """
    return _read_toml(path, model)


def _read_toml(path: str | os.PathLike[str], model: type[Config]) -> SaidInFile:
    models: dict[str, type[Config]] = {"prepare": PrepareConfig, "batches": BatchConfig}
    others = [other for other in models.values() if other is not model]

    def is_of_others(key: str) -> bool:
        return not model.has(key) and any(other.has(key) for other in others)

    table = next(name for name, one in models.items() if one is model)
    return read_table(path, table, tables=[*models], is_of_others=is_of_others)


def _explain(model: type[Config], error: ValidationError, said: Mapping[str, tuple[Said, str]]) -> str:
    """The first thing wrong, in one line."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "missing":
        return f"{path[0]} is missing{more}"
    layer, key = said.get(model._field_name(path[0]), (Said(), path[0]))
    if first["type"] == "extra_forbidden":
        return f"{layer.unknown(key, sorted(model.model_fields))}{more}"
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ConfigError):
        if cause.reason is None:
            return f"{layer.place(key)}{cause}"
        return f"{layer.said(key, first['input'])}: {cause.reason}"
    rule = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    rule = rule if rule.startswith("must be") else f"must be {rule}"
    return f"{layer.said('.'.join([key, *path[1:]]), first['input'])}: {rule}{more}"


def describe(model: type[Config]) -> list[tuple[str, str, str]]:
    """Each field's name, default and description, for help and documentation."""
    return [
        (name, "" if field.is_required() else repr(field.default), field.description or "")
        for name, field in model.model_fields.items()
    ]
