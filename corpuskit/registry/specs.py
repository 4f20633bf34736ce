"""What a plugin returns from its hooks: small frozen descriptions, cheap to build and to list.

A spec never holds the component itself but a dotted `factory`, `"package.module:attribute"`, which is
imported when the component is first used. Listing, help and completion therefore import nothing heavy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

__all__ = [
    "CommandSpec",
    "ExecutorSpec",
    "FormatSpec",
    "ReaderSpec",
    "RemoteFile",
    "SamplerSpec",
    "SourceSpec",
    "Spec",
    "StoreSpec",
    "TemplateSpec",
    "TokenizerSpec",
]


@dataclasses.dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a corpus: where it can be had and how to know that it is the right one.

    Args:
        url: Where it is; http, https, or any scheme that fsspec knows.
        sha256: Its hexadecimal digest. Without one, the first download's digest is recorded in the cache
            and every later download is compared with it.
        size_bytes: Its size, if known: shown in listings, checked after a download.
        mirrors: Other URLs of the same bytes, tried in order when `url` fails.
        split: The split that the file belongs to ("train", "valid", "test"), where a corpus comes split.
        member: The file to read inside a zip archive; None reads the file itself.
    """

    url: str
    sha256: str | None = None
    size_bytes: int | None = None
    mirrors: tuple[str, ...] = ()
    split: str | None = None
    member: str | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """Every place the file can be had, in the order to try them."""
        return (self.url, *self.mirrors)


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """What every kind of spec has: a name to ask for it by, a one-line summary, and a lazy factory."""

    kind: ClassVar[str]

    name: str
    summary: str
    factory: str = ""

    def facts(self) -> dict[str, Any]:
        """What listings show beside the name and the summary, as JSON values."""
        return {}


@dataclasses.dataclass(frozen=True, slots=True)
class SourceSpec(Spec):
    """A corpus: either a factory, or nothing but `files` at URLs, which need no code at all.

    The factory is called as `factory(spec=spec, argument=argument, options=options)` and returns a
    `corpuskit.plugin.Source`.

    Args:
        name: What users type; an argument may follow it after a colon (`name:argument`).
        summary: One line for listings.
        factory: "package.module:attribute"; empty for a corpus that is only files.
        files: The corpus's files in order.
        format: The reader of the files: "text", "jsonl", "parquet", "csv", ...
        reader_options: What the reader needs to know, e.g. `{"separator": "<|endoftext|>"}`.
        split: How the corpus is split by default: "" where the files say it, else what `--split` takes,
            e.g. "characters:0.1" or "valid=0.0005,test=0.0005".
        eot: Whether the end-of-text id is appended after each document by default.
        size_bytes: Download size, for listings.
        license: An SPDX identifier or a short phrase.
        homepage: Where a person reads more.
    """

    kind: ClassVar[str] = "source"

    files: tuple[RemoteFile, ...] = ()
    format: str = "text"
    reader_options: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    split: str = "characters:0.1"
    eot: bool = True
    size_bytes: int | None = None
    license: str | None = None
    homepage: str | None = None

    def facts(self) -> dict[str, Any]:
        """Its size, licence and homepage, as far as they are known."""
        return {"size_bytes": self.size_bytes, "license": self.license, "homepage": self.homepage}


@dataclasses.dataclass(frozen=True, slots=True)
class TokenizerSpec(Spec):
    """A tokenizer. The factory is called as `factory(name=name, argument=argument, state=state)`.

    `name` is the spec's name and `argument` what followed it after a colon, else None. `state` is None
    for a fresh tokenizer and, for one that is opened again from a manifest, the JSON value that its
    `state()` returned. It returns a `corpuskit.plugin.Tokenizer`.

    Args:
        name: What users type after `--encoding`.
        summary: One line for listings.
        factory: Where the factory is, as "package.module:attribute".
        pinned: Whether the name and its argument alone decide the ids, whatever files lie around: a corpus of
            this name then needs no look at the tokenizer to be known for what it is. Where a name with an
            argument is not pinned, a corpus is decoded only if the manifest has a state, with which the
            factory must read no file and ask no network.
        fast: Whether it encodes tens of megabytes a second in one process, be it with an engine that is not
            installed: parts of the work are larger then. A run that is stopped loses the parts that it is at.
    """

    kind: ClassVar[str] = "tokenizer"

    pinned: bool = False
    fast: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class SamplerSpec(Spec):
    """A sampler. The factory is called with a `corpuskit.plugin.SamplerContext`.

    It returns a `corpuskit.plugin.Sampler` or a `corpuskit.plugin.SpanSampler`.

    Args:
        name: What users type after `--sampler`.
        summary: One line for listings.
        factory: Where the factory is, as "package.module:attribute".
        pads: Whether it takes a split of fewer tokens than a row needs, because its rows may be padded. It is
            called with two tokens or more then, and else with one more than a row has, or more.
    """

    kind: ClassVar[str] = "sampler"

    pads: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ExecutorSpec(Spec):
    """An executor: what runs the parts of a plan. The factory is called as `factory(workers=workers)`.

    It returns a `corpuskit.plugin.Executor`.
    """

    kind: ClassVar[str] = "executor"


@dataclasses.dataclass(frozen=True, slots=True)
class ReaderSpec(Spec):
    """A reader of one file format. The factory is called as `factory(options)`.

    It returns a `corpuskit.plugin.Reader`.

    Args:
        name: The format's name, for `--format`.
        summary: One line for listings.
        factory: Where the factory is, as "package.module:attribute".
        extensions: File name endings that mean this format, with the dot: `(".jsonl", ".ndjson")`.
    """

    kind: ClassVar[str] = "reader"

    extensions: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The extensions of its files."""
        return {"extensions": list(self.extensions)}


@dataclasses.dataclass(frozen=True, slots=True)
class TemplateSpec(Spec):
    """A template of conversations. The factory is called as `factory(name=name, argument=argument)`.

    `name` is the spec's name and `argument` what followed it after a colon, else None. It returns a
    `corpuskit.plugin.Template`.
    """

    kind: ClassVar[str] = "template"


@dataclasses.dataclass(frozen=True, slots=True)
class FormatSpec(Spec):
    """An on-disk format of another trainer, to export to.

    The factory is called as `factory()` and returns a `corpuskit.plugin.Format`.
    """

    kind: ClassVar[str] = "format"


@dataclasses.dataclass(frozen=True, slots=True)
class StoreSpec(Spec):
    """A kind of object store, for URLs of one scheme: `hf` is for `hf://org/name`.

    The factory is called as `factory(place, options)` with a `corpuskit.plugin.RemotePath` and a
    `corpuskit.plugin.FetchOptions`, and returns a `corpuskit.plugin.Store`. URLs whose scheme is no store's
    name go through fsspec as they are.
    """

    kind: ClassVar[str] = "store"


@dataclasses.dataclass(frozen=True, slots=True)
class CommandSpec(Spec):
    """A subcommand of `corpuskit`: the factory is a `click.Command`."""

    kind: ClassVar[str] = "command"
