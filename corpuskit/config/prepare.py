"""What `prepare` can be told."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator

from corpuskit.config.base import Config
from corpuskit.errors import ConfigError
from corpuskit.paths import user_path, visible_name
from corpuskit.units import parse_count, parse_size
from corpuskit.urls import remote_path

#: The longest name of a corpus.
_MAX_NAME_BYTES = 255


class PrepareConfig(Config):
    """Everything that `corpuskit prepare` can be told.

    The fields from `split` to `shard_bytes` shape the bytes of the result and are recorded in the manifest;
    the others only say where things are and how the work is done.
    """

    dataset: str | list[str] = Field(
        description="A corpus by name, or files: a path, a folder, a glob, a URL, or @list."
    )
    encoding: str = Field("gpt2", description="The tokenizer's name.")
    add_tokens: bool = Field(
        False,
        description="Give control tokens that documents may hold and the tokenizer lacks ids behind its "
        "last one.",
    )
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
    bos: str | None = Field(
        None, description="The control token, by its name, that is put in front of each document."
    )
    format: str | None = Field(None, description="The reader to use, whatever the file's extension says.")
    text_field: str | list[str] | None = Field(
        None,
        description="The field or column that holds the text; several, or 'body,text', in order of "
        "preference; '*.csv=body' is for files of such names only.",
    )
    keep: str | None = Field(
        None,
        description="The fields or columns to keep beside the text: 'url,lang,score:float,meta.source'; '' "
        "keeps none. By default an id that there is.",
    )
    separator: str | None = Field(None, description="What separates the documents of a text file.")
    lines: bool | None = Field(None, description="Each line of a text file is a document.")
    template: str | None = Field(
        None, description="The template that writes conversations, of format 'chat'; by default 'chatml'."
    )
    train_on: Literal["assistant", "last", "all"] | None = Field(
        None, description="What of a conversation is to be learned; by default what the assistant writes."
    )
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
    overwrite: bool = Field(
        False, description="Replace a corpus that was prepared differently, or is damaged."
    )

    @field_validator("dataset", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Something is named, and nothing that no file can be called."""
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
        if value is None:
            return None
        size_bytes = len(value.encode("utf-8", "surrogatepass"))
        if size_bytes > _MAX_NAME_BYTES:
            raise ValueError(f"at most {_MAX_NAME_BYTES} bytes long, and this has {size_bytes:,}")
        if value.strip(". ") == "" or visible_name(value) != unicodedata.normalize("NFC", value):
            raise ValueError("a line of text with more than dots and spaces")
        return value

    @field_validator("bos")
    @classmethod
    def _token(cls, value: str | None) -> str | None:
        if value == "":
            raise ValueError("the name of a control token, such as '<|endoftext|>'")
        return value

    @field_validator("output", mode="before")
    @classmethod
    def _place(cls, value: Any) -> Any:
        """A URL stays a string; everything else becomes a path."""
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


def _as_file(value: Any) -> Any:
    """What a path object says as text that is no name: `pathlib` drops a `./`."""
    if not isinstance(value, os.PathLike):
        return value
    text: str = os.fsdecode(value)
    return text if os.path.isabs(text) else os.path.join(os.curdir, text)  # noqa: PTH117, PTH118 - keeps the ./


def _folder(value: str | os.PathLike[str], flag: str) -> Path:
    """A folder that is to be made, beside which others are made first."""
    folder = user_path(value, what=flag)
    if folder.name in ("", ".."):
        why = "a corpus needs a folder with a name of its own, such as data/mine"
        raise ConfigError(f"{flag} {os.fspath(value)!r}: {why}", found=folder, reason=why)
    return folder
