"""Files that a user names: paths, folders, globs, lists of paths, URLs.

What is found depends on names only: a folder's and a glob's files come sorted by name, arguments and lists
keep their order, and a file that is found twice is used once. The manifest records names relative to the
folder that all files have in common, so a corpus that moves to another folder stays the same corpus.
"""

from __future__ import annotations

import dataclasses
import glob
import logging
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import Input, SourceOptions
from corpuskit.sources.files import FilesSource, format_of
from corpuskit.sources.opening import base_name
from corpuskit.sources.stored import is_remote, local_version, open_archive, remote_version
from corpuskit.specs import RemoteFile, SourceSpec

log = logging.getLogger(__name__)

_GLOB = re.compile(r"[*?\[]")
_ZIP = ".zip"


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    """A file before it is looked into: where it is, and whether the user named it or a folder holds it."""

    location: str
    named: bool


class LocalFiles(FilesSource):
    """The corpus that a user's own files are.

    One plain text file that is not cut into documents is split by characters and gets no end-of-text id,
    as tinyshakespeare; anything else is a corpus of documents.

    Args:
        patterns: What the user typed, in order: paths, folders, globs, `@paths.txt`, URLs.
        options: What the user said about them.
    """

    def __init__(self, patterns: Sequence[str], *, options: SourceOptions | None = None) -> None:
        options = options or SourceOptions()
        self.patterns = tuple(patterns)
        one = self._is_one_text(options)
        spec = SourceSpec(
            _name_for(self.patterns),
            "Your own files",
            split="characters:0.1" if one else "",
            eot=not one,
        )
        super().__init__(spec=spec, options=options)

    def inputs(self) -> Sequence[Input]:
        """The files in order. URLs of http and https are fetched; others are read where they are.

        Raises:
            SourceError: If nothing is found, or what is found is no regular file.
            ConfigError: If a file's format cannot be told, or an option is no reader's.
            FetchError: If a URL cannot be fetched.
        """
        if self.options.location is not None:
            raise ConfigError(
                "--from takes a named corpus's bytes from elsewhere; here, name the files themselves"
            )
        found = _without_duplicates([f for pattern in self.patterns for f in self._find(pattern)])
        inputs = [item for file, name in _named(found) for item in self._inputs(file, name)]
        if not inputs:
            raise SourceError(f"{', '.join(self.patterns)}: no file whose format is known; use --format")
        self._check_options({item.format for item in inputs})
        return inputs

    def reader_options(self, format: str) -> Mapping[str, Any]:
        """The options that the format's reader has: files of several formats may be read together."""
        from corpuskit import registry

        known = getattr(registry.default().find("reader", format).load(), "OPTIONS", None)
        said = super().reader_options(format)
        return said if known is None else {name: said[name] for name in said if name in known}

    def _check_options(self, formats: set[str]) -> None:
        said = super().reader_options("")
        readers = [self.reader(format) for format in sorted(formats)]
        unused = sorted(set(said) - {name for reader in readers for name in getattr(reader, "options", said)})
        if unused:
            raise ConfigError(
                f"reader option {unused[0]}: no reader of these files ({', '.join(sorted(formats))}) has it; "
                "leave it out, or choose another with --format"
            )

    def _is_one_text(self, options: SourceOptions) -> bool:
        if len(self.patterns) != 1 or options.reader.get("separator") or options.reader.get("lines"):
            return False
        pattern = self.patterns[0]
        path = Path(pattern).expanduser()
        if not is_remote(pattern) and (not path.is_file() or path.suffix.lower() == _ZIP):
            return False
        return (options.format or format_of(_file_name(pattern))) == "text"

    def _find(self, pattern: str) -> list[_Found]:
        """The files that one argument stands for.

        Raises:
            SourceError: If there are none.
        """
        if pattern.startswith("@"):
            return [found for line in _lines(pattern[1:]) for found in self._find(line)]
        if is_remote(pattern):
            found = _find_remote(pattern)
        else:
            path = str(Path(pattern).expanduser())
            if Path(path).is_dir():
                found = [_Found(file, named=False) for file in _walk(path)]
            elif os.path.lexists(path):
                found = [_Found(path, named=True)]
            elif _GLOB.search(path):
                matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (Path.glob has no order either)
                found = [_Found(match, named=False) for match in matches if not Path(match).is_dir()]
            else:
                raise SourceError(f"{pattern}: no such file or folder", path=pattern)
        if not found:
            raise SourceError(f"{pattern}: no files there", path=pattern)
        return found

    def _inputs(self, file: _Found, name: str) -> list[Input]:
        """The inputs that one file is: itself, or a zip archive's members; none if it is not text."""
        item = self._item(file, name)
        if item is None or not base_name(item).lower().endswith(_ZIP):
            return [] if item is None else [item]
        with open_archive(item) as archive:
            members = sorted(i.filename for i in archive.infolist() if not i.is_dir())
        inputs = []
        for member in members:
            format = self._format(
                base_name(dataclasses.replace(item, member=member)), f"{name}: {member}", named=False
            )
            if format is not None:
                inputs.append(dataclasses.replace(item, member=member, format=format))
        return inputs

    def _item(self, file: _Found, name: str) -> Input | None:
        is_zip = _file_name(file.location).lower().endswith(_ZIP)
        format = "zip" if is_zip else self._format(_file_name(file.location), name, named=file.named)
        if format is None:
            return None
        if not is_remote(file.location):
            status = _regular(file, name)
            if status is None:
                return None
            return Input(
                name, status.st_size, "", location=file.location, format=format, version=local_version(status)
            )
        if file.location.startswith(("http://", "https://")):
            from corpuskit.fetch import fetch

            fetched = fetch(RemoteFile(file.location), on_progress=self.options.on_progress)
            path = fetched.path.absolute()
            version = local_version(path.stat())
            return Input(
                name, fetched.size_bytes, fetched.sha256, location=str(path), format=format, version=version
            )
        size_bytes, version = _remote_state(file.location, name)
        return Input(name, size_bytes, "", location=file.location, format=format, version=version)

    def _format(self, file_name: str, name: str, *, named: bool) -> str | None:
        """The format of a file; None for one that a folder holds and that is not text.

        Raises:
            ConfigError: If the user named the file.
        """
        format = self.options.format or format_of(file_name)
        if format is None and named:
            raise ConfigError(
                f"{name}: its extension says no known format; say which with --format (text, jsonl, ...)",
                path=name,
            )
        if format is None:
            log.info("%s: left out, its extension says no known format; use --format to read it", name)
        return format


def _lines(path: str) -> Iterator[str]:
    """The paths that a list holds: one a line; empty ones and # comments are left out."""
    try:
        data = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise SourceError(f"@{path}: cannot be read: {error.strerror}", path=path) from error
    for line in os.fsdecode(data).split("\n"):
        line = line.removesuffix("\r")
        if line.strip() and not line.startswith("#"):
            if line.startswith("@"):
                raise SourceError(f"@{path}: a list cannot hold another list ({line})", path=path)
            yield line


def _walk(folder: str) -> list[str]:
    """Every file in a folder, sorted by name; links are followed, each folder once; hidden ones stay out."""
    files: list[str] = []
    seen = {os.path.realpath(folder)}
    for parent, folders, names in os.walk(folder, followlinks=True):
        kept = []
        for name in sorted(folders):
            real = os.path.realpath(os.path.join(parent, name))  # noqa: PTH118 (ten times slower with Path)
            if not name.startswith(".") and real not in seen:
                seen.add(real)
                kept.append(name)
        folders[:] = kept
        files += [os.path.join(parent, name) for name in names if not name.startswith(".")]  # noqa: PTH118
    return sorted(files)


def _find_remote(pattern: str) -> list[_Found]:
    """The files behind a URL: one, a glob's, or a folder's."""
    scheme = pattern.partition("://")[0]
    if scheme in ("http", "https"):
        return [_Found(pattern, named=True)]
    if scheme == "file":
        return [_Found(unquote(urlsplit(pattern).path), named=True)]
    from fsspec.core import url_to_fs

    from corpuskit.fetch import redact_url

    try:
        system, path = url_to_fs(pattern)
        if _GLOB.search(pattern.partition("://")[2]):
            paths, named = sorted(p for p in system.glob(path) if not system.isdir(p)), False
        elif system.isdir(path):
            paths, named = sorted(system.find(path)), False
        else:
            return [_Found(pattern, named=True)]
        return [_Found(system.unstrip_protocol(path), named) for path in paths]
    except (OSError, ImportError, ValueError) as error:
        raise SourceError(
            f"{redact_url(pattern)}: cannot be listed: {type(error).__name__}: {redact_url(str(error))}"
        ) from error


def _remote_state(location: str, name: str) -> tuple[int, str]:
    """A remote file's size and version."""
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(location)
        size = system.size(path)
        version = remote_version(system, path)
    except (OSError, ImportError, ValueError) as error:
        raise SourceError(f"{name}: cannot be read: {type(error).__name__}", path=name) from error
    if size is None:
        raise SourceError(f"{name}: its size is not known; copy it to a file first", path=name)
    return int(size), version


def _regular(file: _Found, name: str) -> os.stat_result | None:
    """A regular file's status; None for something else that a folder holds.

    Raises:
        SourceError: If the user named something that is no regular file.
    """
    try:
        status = Path(file.location).stat()
    except OSError as error:
        raise SourceError(f"{name}: cannot be read: {error.strerror}", path=file.location) from error
    if stat.S_ISREG(status.st_mode):
        return status
    if file.named:
        raise SourceError(
            f"{name}: not a regular file but a pipe, a socket or a device; copy its text into a file",
            path=file.location,
        )
    log.warning("%s: left out, it is not a regular file", name)
    return None


def _without_duplicates(found: list[_Found]) -> list[_Found]:
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
            log.warning("%s: used once, it is the same file as %s", file.location, kept[real].location)
        else:
            kept[real] = _Found(absolute, file.named)
    return list(kept.values())


def _named(found: list[_Found]) -> Iterator[tuple[_Found, str]]:
    """Each file with the name that the manifest records."""
    from corpuskit.fetch import redact_url

    parents = [os.path.dirname(f.location) for f in found if not is_remote(f.location)]  # noqa: PTH120
    common = os.path.commonpath(parents) if parents else ""
    for file in found:
        if is_remote(file.location):
            yield file, redact_url(file.location)
        else:
            name = file.location.removeprefix(common).lstrip("/")
            # Names are bytes; a manifest is Unicode. Where the two differ, the bytes are spelled out.
            yield file, os.fsencode(name).decode("utf-8", "backslashreplace")


def _file_name(location: str) -> str:
    return base_name(Input(location, 0, ""))


def _name_for(patterns: Sequence[str]) -> str:
    """A corpus's name where the user gives none: the first file's or folder's, without what is special."""
    first = patterns[0].removeprefix("@") if patterns else ""
    parts = [part for part in _GLOB.split(first)[0].split("?")[0].split("/") if part not in ("", ".", "..")]
    stem = parts[-1].partition(".")[0] if parts else ""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-") or "files"
