"""bundle.json: what is in a bundle, a folder of files under their sha256 that is carried to another machine.

It says of each file where it is published, and what needs it. Fetching needs it only for a URL whose sha256
nobody publishes: what the URL gave when the bundle was made is what it is on the other side.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from corpuskit import storage
from corpuskit.errors import FetchError
from corpuskit.urls import url_id

FILE_NAME = "bundle.json"
MAX_BYTES = 256 * 2**20

_FORMAT = {"format": "corpuskit-bundle", "format_version": 1}


@dataclasses.dataclass(frozen=True, slots=True)
class BundledFile:
    """One file of a bundle.

    Args:
        name: What it is called where it is published.
        sha256: The hexadecimal digest of its bytes.
        size_bytes: Its size.
        url: Where it is published, without credentials.
        read_from: The URL that it was read from; that, or a mirror of it.
        published: Whether its sha256 was known before it was fetched.
        needed_by: What needs it: "source NAME" and "encoding NAME", sorted.
    """

    name: str
    sha256: str
    size_bytes: int
    url: str
    read_from: str
    published: bool
    needed_by: tuple[str, ...]

    @property
    def path(self) -> str:
        """Where the bundle has it."""
        return f"{self.sha256[:2]}/{self.sha256}"

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {**dataclasses.asdict(self), "path": self.path, "needed_by": [*self.needed_by]}


class BundleIndex:
    """The files of a bundle, each once for each URL.

    Args:
        files: The files.
    """

    def __init__(self, files: Iterable[BundledFile] = ()) -> None:
        self._files: dict[tuple[str, str], BundledFile] = {}
        self._by_url: dict[str, BundledFile] = {}
        for file in files:
            self.add(file)

    def add(self, file: BundledFile) -> None:
        """Add a file, or what else needs one that is there. What a URL is now wins over what it was."""
        before = self._by_url.get(url_id(file.url))
        if before is not None and before.sha256 == file.sha256:
            needed_by = tuple(sorted({*before.needed_by, *file.needed_by}))
            file = dataclasses.replace(
                file, published=before.published or file.published, needed_by=needed_by
            )
        elif before is not None:
            del self._files[before.sha256, before.url]
        self._files[file.sha256, file.url] = self._by_url[url_id(file.url)] = file

    @property
    def files(self) -> list[BundledFile]:
        """The files, in an order that depends on nothing else."""
        return [self._files[key] for key in sorted(self._files)]

    def at(self, url: str) -> BundledFile | None:
        """What a URL is; None if the bundle has nothing of it."""
        return self._by_url.get(url_id(url))

    def to_bytes(self) -> bytes:
        """The bytes of its file."""
        return storage.json_bytes({**_FORMAT, "files": [file.to_json() for file in self.files]})


def parse_index(data: bytes, *, where: str) -> BundleIndex:
    """The index in a file's bytes.

    Args:
        data: The bytes.
        where: What to call the file in errors.

    Raises:
        FetchError: If it is no index of a bundle, or is damaged.
    """
    try:
        value = json.loads(data)
        if {name: value[name] for name in _FORMAT} != _FORMAT:
            raise ValueError("it is of another format")
        return BundleIndex(map(_file, value["files"]))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FetchError(
            f"{where}: not the index of a bundle ({type(error).__name__}: {error!s:.80}); copy the bundle "
            "again, or delete it and make it again with 'corpuskit fetch'",
            path=where,
        ) from error


def _file(value: Mapping[str, Any]) -> BundledFile:
    values = {field.name: value[field.name] for field in dataclasses.fields(BundledFile)}
    needed_by = tuple(values.pop("needed_by"))
    texts = (values["name"], values["url"], values["read_from"], *needed_by)
    if not all(isinstance(text, str) for text in texts) or not isinstance(values["published"], bool):
        raise TypeError("a field is of another type")
    if type(values["size_bytes"]) is not int or values["size_bytes"] < 0:
        raise ValueError(f"size_bytes {values['size_bytes']!r}")
    if not re.fullmatch("[0-9a-f]{64}", values["sha256"]):
        raise ValueError(f"sha256 {values['sha256']!r}")
    return BundledFile(**values, needed_by=needed_by)


__all__ = ["FILE_NAME", "MAX_BYTES", "BundleIndex", "BundledFile", "parse_index"]
