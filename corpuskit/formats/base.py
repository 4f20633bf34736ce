"""What a format is: something that writes a corpus as another trainer reads it.

An export is a folder of its own. It is written under a temporary name beside the place it is for and takes
its name in one step, so it is there whole or not at all (`corpuskit.formats.place` has what stores do). Every
byte of the corpus is compared with the manifest on the way: a damaged corpus gives no export. `export.json`
beside the trainer's files says what they are made of, because bare token files do not.
"""

from __future__ import annotations

import abc
import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from corpuskit import storage
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError, CorpuskitError, StorageError
from corpuskit.formats.export import Export
from corpuskit.formats.foreign import ForeignFile, ForeignPlace
from corpuskit.formats.options import ExportOptions, flag
from corpuskit.formats.place import FILE_NAME, open_place
from corpuskit.on_progress import OnProgress
from corpuskit.registry import default
from corpuskit.registry.blame import fault
from corpuskit.registry.specs import FormatSpec
from corpuskit.urls import RemotePath
from corpuskit.value_streams import LOSS
from corpuskit.version import __version__

log = logging.getLogger(__name__)


class Format(abc.ABC):
    """Writes corpora in one format. It is built as `factory()`.

    A format says what it cannot hold in `check` and writes one split at a time in `write_split`; the rest
    is done here.

    Attributes:
        name: What users type after `--format`.
        splits_read: The splits that the trainer reads; that a corpus has none of one is said.
        streams_written: The streams of values that it writes; that a corpus has another one is said.
        meta_file: The file that describes the vocabulary and is written on request, if the format has one.
        options_taken: The names of the options that it takes; another one is refused.

    Example:
        ```python
        class Raw(Format):
            name = "raw"

            def write_split(self, export, split):
                with export.file(f"{split}.raw") as file:
                    for ids in export.tokens(split):
                        file.write(ids.data)
        ```
    """

    name: ClassVar[str]
    splits_read: ClassVar[tuple[str, ...]] = ()
    streams_written: ClassVar[tuple[str, ...]] = ()
    meta_file: ClassVar[str | None] = None
    options_taken: ClassVar[tuple[str, ...]] = ()

    def check(  # noqa: B027 - most hold everything
        self, corpus: Corpus, splits: Sequence[str], options: ExportOptions
    ) -> None:
        """Refuse what the format cannot hold, before anything is written.

        Args:
            corpus: The corpus.
            splits: The names of the splits that are to be written; each has tokens.
            options: What was asked for, of the options that the format takes.

        Raises:
            ConfigError: Saying what does not fit and what to do about it.
        """

    @abc.abstractmethod
    def write_split(self, export: Export, split: str) -> None:
        """Write the files of one split, in bounded memory.

        Args:
            export: Gives the split's tokens and documents, and opens the files to write.
            split: Its name.
        """

    def check_meta(self, corpus: Corpus) -> None:  # noqa: B027 - most have none
        """Refuse to describe the vocabulary, before anything is written.

        Args:
            corpus: The corpus.

        Raises:
            ConfigError: If the trainer needs none of it.
        """

    def without_meta(self, corpus: Corpus) -> str | None:
        """What a user should know who asks for no `meta_file`, in one line; None if nothing."""
        return None

    def write_meta(self, export: Export) -> None:  # noqa: B027 - most have none
        """Write `meta_file`.

        Args:
            export: Opens the file to write.
        """

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """The files that an import reads, in order; nothing but their headers is read yet.

        Args:
            place: What was named, and what the user says of it.

        Raises:
            ConfigError: If files of the format cannot be read.
            CorpusFormatError: If they are not of the format, or damaged.
        """
        raise ConfigError(
            f"--format {self.name}: its files cannot be imported; 'corpuskit list formats' shows what can",
            found=self.name,
        )

    def find(
        self,
        corpus: Corpus,
        output: str | os.PathLike[str],
        *,
        splits: Sequence[str] | None = None,
        options: ExportOptions | None = None,
    ) -> list[Path | RemotePath] | None:
        """The files of the export that `write` would make with these arguments, if it is there.

        Its files are known by their sizes; nothing of them is read but `export.json`. That of a corpus that
        is read in place is never known again: its fingerprint is no proof of its bytes.
        """
        if not all(split.has_digests for split in corpus.values()):
            return None
        place, options = open_place(output), options or ExportOptions()
        value = place.description()
        try:
            files = {str(record["file"]): int(record["size_bytes"]) for record in value["files"]}
            found = value["format"], value["dataset"], value["corpus"], [*value["splits"]], value["fields"]
            made_with = {**value.get("options", {})}
        except (LookupError, TypeError, ValueError):
            return None
        names = _splits(corpus, splits, self.name)
        asked = self.name, corpus.manifest.dataset, corpus.fingerprint, names, _fields(corpus, names)
        if found != asked or not _serves(made_with, options.recorded()):
            return None
        if not all(place.has(name, size_bytes) for name, size_bytes in files.items()):
            return None
        return [place.path / name for name in (*files, FILE_NAME)]

    def write(
        self,
        corpus: Corpus,
        output: str | os.PathLike[str],
        *,
        splits: Sequence[str] | None = None,
        options: ExportOptions | None = None,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> list[Path | RemotePath]:
        """Write a corpus. If just that is there already, nothing is done, and a line says so.

        Args:
            corpus: The corpus.
            output: The folder to be. Next to it, a run that is killed leaves a hidden folder, which the next
                run deletes, or names if another machine made it a moment ago. A URL is a place in an object
                store, and the hidden folder is in the cache.
            splits: Which splits, by name; None is all of them.
            options: What else was asked for; None is nothing.
            overwrite: Whether an export that is there may be replaced; another folder never is.
            on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

        Returns:
            The files, `export.json` last.

        Raises:
            ConfigError: If the format cannot hold the corpus or take an option, or `output` is taken.
            CorpusFormatError: If the corpus is damaged.
            StorageError: If writing failed.
            PluginError: If the format has a `meta_file` and does not write it.
        """
        place, options = open_place(output), options or ExportOptions()
        self._check_taken(options)
        names = _splits(corpus, splits, self.name)
        self.check(corpus, names, options)
        if options.meta:
            self.check_meta(corpus)
            if self.meta_file is None or type(self).write_meta is Format.write_meta:
                raise fault(
                    f"format {self.name!r}", None, "it takes meta, and lacks meta_file or write_meta()"
                )
        if not overwrite and (there := self.find(corpus, output, splits=splits, options=options)) is not None:
            log.info("%s holds this export already; nothing was changed", place.path)
            return there
        self._say_what_is_missing(corpus)
        for stream in sorted({one for name in names for one in corpus[name].streams}):
            if stream not in self.streams_written:
                log.warning("%s: %s", corpus.path, _left_behind(stream, self.name))
        place.check(overwrite=overwrite)
        staged = place.staged()
        storage.make_directory(staged)
        try:
            export = Export(corpus, staged, names, options=options, on_progress=on_progress)
            for name in names:
                self.write_split(export, name)
            if options.meta:
                self.write_meta(export)
            storage.write_json(staged / FILE_NAME, _describe(self.name, export))
            try:
                place.commit(staged, export.files, overwrite=overwrite, on_progress=on_progress)
            except StorageError:
                found = None if overwrite else self.find(corpus, output, splits=splits, options=options)
                if found is None:
                    raise
                return found  # another run was faster
            if not options.meta and (line := self.without_meta(corpus)) is not None:
                log.info("%s", line)
        finally:
            storage.remove_tree(staged)  # which is not there any more if all went well
        return [place.path / str(name) for name in (*(one["file"] for one in export.files), FILE_NAME)]

    def _check_taken(self, options: ExportOptions) -> None:
        """Refuse an option that the format does not take, and name the formats that do."""
        for name in options.asked():
            if name not in self.options_taken:
                others = " or ".join(_that_take(name))
                do = f"export with --format {others}, or leave it out" if others else "leave it out"
                raise ConfigError(f"{flag(name)}: the format {self.name} does not take it; {do}", found=name)

    def _say_what_is_missing(self, corpus: Corpus) -> None:
        for name in self.splits_read:
            if name not in corpus or not len(corpus[name]):
                log.warning(
                    "%s has no %s split, which trainers that read %s files open too; make one with "
                    "'corpuskit split', or prepare the corpus with --split valid=0.01",
                    corpus.path,
                    name,
                    self.name,
                )


def _that_take(option: str) -> list[str]:
    """The formats that take an option; one that cannot be loaded is none of them."""
    found = []
    for component in default().components(FormatSpec):
        with contextlib.suppress(CorpuskitError):
            if option in component.make(Format).options_taken:
                found.append(component.spec.name)
    return found


def _serves(made_with: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether an export is what was asked for; that the vocabulary is described besides does no harm."""
    return made_with == asked or made_with == {**asked, "meta": True}


def _left_behind(stream: str, format_name: str) -> str:
    """What it means that a format does not write a stream."""
    if stream == LOSS:
        return (
            f"the format {format_name} has no place for the stream 'loss', so trainers of it learn every "
            "token, users' turns too; --format datatrove writes it beside the ids"
        )
    return f"the format {format_name} has no place for the stream {stream!r}, which is not exported"


def _splits(corpus: Corpus, asked: Sequence[str] | None, format_name: str) -> list[str]:
    names = list(corpus) if asked is None else list(dict.fromkeys(asked))
    for name in names:
        if not len(corpus[name]):
            others = [f"--split {other}" for other in corpus if len(corpus[other])]
            raise ConfigError(
                f"{corpus.path}: split {name!r} has no tokens, and trainers do not read empty {format_name} "
                f"files; prepare it with a larger share, or choose others with {' '.join(others)}",
                found=name,
            )
    return names


def _fields(corpus: Corpus, splits: Sequence[str]) -> str:
    """A sha256 over the kept fields, which a fingerprint does not cover."""
    manifest = corpus.manifest
    types = [[name, type] for name, type in manifest.field_types.items()]
    records = [shard.fields for name in splits for shard in manifest.splits[name].shards]
    digests = [None if record is None else record.sha256 for record in records]
    return hashlib.sha256(json.dumps([types, digests]).encode()).hexdigest()


def _describe(format_name: str, export: Export) -> dict[str, object]:
    """What `export.json` says; like a manifest, it depends on the corpus, the format and its options."""
    manifest = export.corpus.manifest
    return {
        "corpuskit_version": __version__,
        "format": format_name,
        "dataset": manifest.dataset,
        "corpus": export.corpus.fingerprint,
        "fields": _fields(export.corpus, export.splits),
        "tokenizer": manifest.tokenizer.model_dump(mode="json"),
        "splits": {
            name: {
                "num_tokens": manifest.splits[name].num_tokens,
                "num_documents": manifest.splits[name].num_documents,
            }
            for name in export.splits
        },
        **({"options": asked} if (asked := export.options.recorded()) else {}),
        "files": export.files,
    }


__all__ = ["FILE_NAME", "Export", "Format"]
