"""Zip archives: their members as inputs, and what an archive is that cannot be read."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from corpuskit.errors import SourceError, reason_of
from corpuskit.sources.base import Input
from corpuskit.sources.inputs.files import LocalFile, UrlFile, open_file, told_by_head

#: The parts of a `ZipFile` that it reads from the archive's directory.
_DIRECTORY = ("filelist", "NameToInfo", "start_dir", "_comment")
#: They, of the archive that was opened last: one member after the other is then found without a look at all.
_known: dict[Any, dict[str, Any]] = {}


def open_raw(item: Input) -> LocalFile | UrlFile | Member:
    """The bytes of an input as they are stored; a member's, as they were before the archive was made."""
    file = open_file(item)
    return file if item.member is None else Member(item, file)


@contextlib.contextmanager
def open_archive(item: Input) -> Iterator[zipfile.ZipFile]:
    """A zip archive, for listing its members."""
    file = open_file(item)
    try:
        with Archive(item, file) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError) as error:
        raise damaged(item, error) from error
    finally:
        file.close()


class Archive(zipfile.ZipFile):
    """A zip archive whose directory is read once in a process, and again where its file is another one."""

    def __init__(self, item: Input, file: LocalFile | UrlFile) -> None:
        self._key = (item.location, file.identity)
        super().__init__(file)

    def _RealGetContents(self) -> None:
        known = _known.get(self._key)
        if known is None:
            super()._RealGetContents()  # type: ignore[misc]
            _known.clear()
            _known[self._key] = {name: getattr(self, name) for name in _DIRECTORY}
        else:
            self.__dict__.update(known)


class Member:
    """One member of a zip archive."""

    def __init__(self, item: Input, file: LocalFile | UrlFile) -> None:
        assert item.member is not None
        self._file = file
        self._item = item
        try:
            self._archive = Archive(item, file)
            self._member = self._archive.open(item.member)
        except KeyError as error:
            file.close()
            raise SourceError(f"{item.name}: no member {item.member!r} in it", path=item.name) from error
        except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
            file.close()
            raise damaged(item, error) from error

    def read(self, size: int, /) -> bytes:
        try:
            return self._member.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise damaged(self._item, error) from error

    def seek(self, position: int, /) -> int:
        return self._member.seek(position)

    def tell(self) -> int:
        return self._member.tell()

    def check_unchanged(self) -> None:
        self._file.check_unchanged()

    def close(self) -> None:
        self._member.close()
        self._archive.close()
        self._file.close()


def damaged(item: Input, error: Exception) -> SourceError:
    """The error about a zip archive that cannot be read."""
    if isinstance(error, RuntimeError):  # a password or a method of compression: the file is as it should be
        return SourceError(
            f"{item.name}: cannot be read as it is: {reason_of(error)}; unpack it first", path=item.name
        )
    return told_by_head(item, b"PK") or SourceError(
        f"{item.name}: damaged zip archive: {reason_of(error)}; get the file again", path=item.name
    )
