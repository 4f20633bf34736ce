"""Files that a user names: paths, folders, globs, lists of paths, URLs.

What is found depends on names only: a folder's and a glob's files come sorted by name, arguments and lists
keep their order, and a file that is found twice is used once. A folder or a glob behind a URL means what one
of this machine means. The manifest records names relative to the folder that all files have in common, so a
corpus that moves to another folder stays the same corpus.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from corpuskit import registry
from corpuskit.errors import ConfigError, CorpuskitError, SourceError
from corpuskit.paths import local_path
from corpuskit.registry.specs import RemoteFile, SourceSpec
from corpuskit.sources.base import Input, OnListingProblem, SourceOptions
from corpuskit.sources.files import FilesSource
from corpuskit.sources.inputs.compression import by_extension
from corpuskit.sources.inputs.files import (
    file_system,
    local_version,
    remote_state,
    store_errors,
    unreadable,
)
from corpuskit.sources.inputs.stream import file_name
from corpuskit.sources.listing.archives import archive_inputs
from corpuskit.sources.listing.left_out import LeftOut, say_formats
from corpuskit.sources.listing.path_lists import path_list
from corpuskit.sources.listing.places import place_of, refuse_corpus
from corpuskit.sources.listing.text_files import ZIP, format_of
from corpuskit.sources.option_names import option_name
from corpuskit.sources.readers.options import reader_class
from corpuskit.sources.readers.text_field import unmatched
from corpuskit.urls import file_path, is_remote, scheme_of, shown

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_TAR = re.compile(r"\.(tar(\.[a-z0-9]+)?|t[gbx]z2?|tzst)$")


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    """A file before it is looked into: where it is, its reader, and whether the user named it."""

    location: str
    format: str
    named: bool


class UserFiles(FilesSource):
    """The corpus that a user's own files are.

    One plain text file that is named and not cut into documents is split by characters and gets no
    end-of-text id, as tinyshakespeare; anything else is a corpus of documents.

    Args:
        patterns: What the user typed, in order: paths, folders, globs, `@paths.txt`, URLs.
        options: What the user said about them.
    """

    def __init__(self, patterns: Sequence[str], *, options: SourceOptions | None = None) -> None:
        self.patterns = tuple(patterns)
        self._path_list = cache(path_list)  # a pipe gives it once
        spec = SourceSpec(_name_for(self.patterns), "Your own files", format="")  # each file's name says it
        super().__init__(spec=spec, options=options)

    @property
    def default_split(self) -> str:
        """By characters for one running text, else nothing."""
        return "characters:0.1" if self._is_one_text else ""

    @property
    def default_eot(self) -> bool:
        """Whether there are documents, which an end-of-text id separates, unless their reader says not."""
        return not self._is_one_text and super().default_eot

    def inputs(self) -> Sequence[Input]:
        """The files in order. URLs of http and https are fetched; others are read where they are.

        Raises:
            SourceError: If nothing is found, or what is found is no regular file.
            StorageError: If a folder cannot be listed, or a file cannot be looked at.
            ConfigError: If a file's format cannot be told, or an option is no reader's.
            FetchError: If a URL cannot be fetched.
        """
        inputs = self.listed(_raise)
        where = ", ".join(map(shown, self.patterns))
        self.left_out.say(where)
        say_formats(where, ((item.member or item.name, item.format) for item in inputs))
        return inputs

    def listed(self, on_problem: OnListingProblem) -> Sequence[Input]:
        """The files in order; of each that cannot be had, `on_problem` is told why."""
        if self.options.location is not None:
            raise ConfigError(
                "--from takes a named corpus's bytes from elsewhere; here, name the files themselves"
            )
        self.left_out = LeftOut()
        problems: list[CorpuskitError] = []

        def each(name: str, find: Callable[[], list[_T]]) -> list[_T]:
            try:
                return find()
            except CorpuskitError as error:
                problems.append(error)
                on_problem(name, error)
                return []

        found = [f for pattern in self.patterns for f in each(shown(pattern), partial(self._find, pattern))]
        named = _named(self._without_duplicates(found))
        inputs = [item for file, name in named for item in each(name, partial(self._inputs, file, name))]
        if not inputs and not problems:
            where = ", ".join(map(shown, self.patterns))
            summary = f" (left out {self.left_out.summary()})" if self.left_out.names else ""
            raise SourceError(f"{where}: no file that is text{summary}; name one, with --format where needed")
        if inputs:  # else no reader has been asked for
            self._check_options(inputs)
        return inputs

    def reads(self, path: str) -> str | None:
        """The argument, or the line of a list, by which a file of this machine would be found, were it there.

        Args:
            path: The file's path, links resolved.
        """
        for pattern in self.patterns:
            with contextlib.suppress(CorpuskitError):  # the listing says what cannot be looked at, and why
                for line in self._path_list(pattern[1:]) if pattern.startswith("@") else (pattern,):
                    if local_path(line) is not None and place_of(line).reads(path):
                        return line
        return None

    def reader_options(self, format: str) -> Mapping[str, Any]:
        """The options that the format's reader has: files of several formats may be read together."""
        reader = reader_class(format)
        said = super().reader_options(format)
        return said if reader is None else {name: said[name] for name in said if name in reader.OPTIONS}

    def _check_options(self, inputs: Sequence[Input]) -> None:
        formats = {item.format for item in inputs}
        said = super().reader_options("")
        for text in unmatched(said.get("text_field") or (), inputs):
            log.warning("--text-field %r is for no file: none has a name like it", text)
        readers = [self.reader(format) for format in sorted(formats)]
        unused = sorted(set(said) - {name for reader in readers for name in reader.options})
        if unused:
            chat = reader_class("chat")
            of_chat = chat is not None and unused[0] in chat.OPTIONS
            other = "read conversations with --format chat" if of_chat else "choose another with --format"
            raise ConfigError(
                f"{option_name(unused[0])}: no reader of these files ({', '.join(sorted(formats))}) has it; "
                f"leave it out, or {other}"
            )

    @cached_property
    def _is_one_text(self) -> bool:
        """Whether the user named one file of plain text that nothing cuts into documents."""
        reader = self.options.reader
        if len(self.patterns) != 1 or reader.get("separator") or reader.get("lines"):
            return False
        (pattern,) = self.patterns
        if pattern.startswith("@") or format_of(file_name(pattern), self.options.format) != "text":
            return False
        return place_of(pattern).kind == "file"

    def _find(self, pattern: str) -> list[_Found]:
        """The files that one argument stands for.

        Raises:
            SourceError: If there are none.
        """
        if pattern.startswith("@"):
            return [found for line in self._path_list(pattern[1:]) for found in self._find(line)]
        place = place_of(pattern)
        if place.kind == "file":
            return [_Found(place.location, self._format_of_named(place.location), named=True)]
        files = place.files(self.left_out, format=self.options.format)
        refuse_corpus(pattern)
        return [_Found(location, format, named=False) for location, format in files]

    def _inputs(self, file: _Found, name: str) -> list[Input]:
        """The inputs that one file is: itself, or a zip archive's members; none if it is not text."""
        item = self._item(file, name)
        if item is None or item.format != ZIP:
            return [] if item is None else [item]
        return archive_inputs(item, self.left_out, format=self.options.format)

    def _item(self, file: _Found, name: str) -> Input | None:
        if not is_remote(file.location):
            status = self._regular(file, name)
            if status is None:
                return None
            return Input(
                name,
                status.st_size,
                "",
                location=file.location,
                format=file.format,
                version=local_version(status),
            )
        if scheme_of(file.location) in ("http", "https"):
            from corpuskit.fetching.verified import fetch

            fetched = fetch(RemoteFile(file.location), on_progress=self.options.on_progress)
            path = fetched.path.absolute()
            return Input(
                name,
                fetched.size_bytes,
                fetched.sha256,
                location=str(path),
                format=file.format,
                version=local_version(path.stat()),
            )
        with store_errors(file.location, "read"):
            size_bytes, version = remote_state(*file_system(file.location))
        if size_bytes is None:
            raise SourceError(f"{name}: its size is not known; copy it to a file first", path=name)
        return Input(name, size_bytes, "", location=file.location, format=file.format, version=version)

    def _format_of_named(self, location: str) -> str:
        """The format of a file that the user named.

        Raises:
            ConfigError: If it cannot be told.
        """
        name, typed = file_name(location), shown(location)
        format = format_of(name, self.options.format)
        if format is None and _TAR.search(name.lower()):
            raise ConfigError(
                f"{typed}: a tar archive is not read; unpack it and name its folder", path=typed
            )
        if format is None:
            registry.default().warn_of_failed()  # one of them may be for such files
            raise ConfigError(
                f"{typed}: its extension says no known format; say which with --format (text, jsonl, ...)",
                path=typed,
            )
        return format

    def _regular(self, file: _Found, name: str) -> os.stat_result | None:
        """A regular file's status; None for something else that a folder holds.

        Raises:
            SourceError: If the user named something that is no regular file, or it is not there.
            StorageError: If it cannot be looked at.
        """
        try:
            status = Path(file.location).stat()
        except OSError as error:
            raise unreadable(f"{name}:", "read", error, path=file.location) from error
        if stat.S_ISREG(status.st_mode):
            return status
        if file.named:
            raise SourceError(
                f"{name}: not a regular file but a pipe, a socket or a device; copy its text into a file",
                path=file.location,
            )
        self.left_out.add("not-regular", name)
        return None

    def _without_duplicates(self, found: list[_Found]) -> list[_Found]:
        """Each file once, under the first name it was found by; local paths become absolute."""
        kept: dict[str, _Found] = {}
        real_folder = cache(os.path.realpath)
        for file in found:
            if is_remote(file.location):
                real = absolute = file.location
            else:
                absolute = os.path.abspath(file.location)  # noqa: PTH100 (resolve() would follow links)
                folder, name = os.path.split(absolute)
                real = f"{real_folder(folder)}/{name}"
                if os.path.islink(absolute):  # noqa: PTH114 (this runs for every file of a corpus)
                    real = os.path.realpath(absolute)
            if real in kept:
                self.left_out.add("same-file", shown(file.location))
            else:
                kept[real] = dataclasses.replace(file, location=absolute)
        return list(kept.values())


def _raise(name: str, error: CorpuskitError) -> None:
    raise error


def _named(found: list[_Found]) -> Iterator[tuple[_Found, str]]:
    """Each file with the name that the manifest records."""
    parents = [os.path.dirname(f.location) for f in found if not is_remote(f.location)]  # noqa: PTH120
    common = os.path.commonpath(parents) if parents else ""
    for file in found:
        if is_remote(file.location):
            yield file, shown(file.location)
        else:
            name = file.location.removeprefix(common).lstrip("/")
            # Names are bytes; a manifest is Unicode. Where the two differ, the bytes are spelled out.
            yield file, os.fsencode(name).decode("utf-8", "backslashreplace")


def _name_for(patterns: Sequence[str]) -> str:
    """A corpus's name where the user gives none: the first file's or folder's, without what is special."""
    first = patterns[0].removeprefix("@") if patterns else ""
    with contextlib.suppress(ConfigError):  # the file of another machine is refused when it is read
        first = file_path(first) or first
    path = os.path.expanduser(first)  # noqa: PTH111 (Path's is an error where there is no such user)
    is_glob = not os.path.lexists(path) and re.search(r"[*?\[]", first) is not None
    if is_glob or "://" in first:
        first = re.split(r"[*?\[]", first)[0].split("?")[0]
    parts = [part for part in first.split("/") if part not in ("", ".", "..", "~")]
    name = parts[-1] if parts else ""
    if is_glob or os.path.isdir(path):  # noqa: PTH112
        name = name.rstrip("._-") if is_glob else name
    else:
        name = _without_extension(name)
    return name or "files"


def _without_extension(name: str) -> str:
    """A file's name without the ending that says its compression, and the one that says its format."""
    compression = by_extension(name.lower())
    if compression is not None:
        name = name[: -len(compression.extension)]
    stem, extension = os.path.splitext(name)  # noqa: PTH122 (a suffix of Path's is none of ".txt")
    return stem if extension and format_of(f"x{extension}") else name
