"""Where a remote corpus is: a URL that shows no credentials."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re

from corpuskit.errors import ConfigError

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)(://|::.*://)")


@dataclasses.dataclass(frozen=True, slots=True)
class RemotePath:
    """A folder or a file in an object store. `str` gives it without credentials; `url` is for opening it.

    Args:
        url: The whole URL; a slash at its end makes no difference.

    Raises:
        ConfigError: If it is a chain of URLs.
    """

    url: str

    def __post_init__(self) -> None:
        if "::" in self.url:
            raise ConfigError(f"{self}: a corpus is at one URL, not at a chain of them")
        object.__setattr__(self, "url", self.url.rstrip("/"))

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(f"{self.url}/{name}")

    def __str__(self) -> str:
        from corpuskit.fetch.redact import redact_url

        return redact_url(self.url)

    def __repr__(self) -> str:
        return f"RemotePath({str(self)!r})"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.url.rpartition("/")[2]

    @property
    def scheme(self) -> str:
        """`s3`, `gs`, ..., in lower case."""
        return self.url.partition("://")[0].lower()

    @property
    def id(self) -> str:
        """A name of 32 digits for what is kept on this machine for this place."""
        return hashlib.sha256(self.url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def remote_path(path: str | os.PathLike[str] | RemotePath) -> RemotePath | None:
    """The place that a URL names; None for a path on this machine, `file://` included.

    Raises:
        ConfigError: If it is a URL that went through `pathlib`, which drops one of its slashes.
    """
    if isinstance(path, RemotePath):
        return path
    text = os.fspath(path)
    found = _URL.match(text)
    if found is None:
        if not isinstance(path, str) and re.match(r"[A-Za-z][A-Za-z0-9+.\-]+:/[^/]", text):
            from corpuskit.fetch.redact import redact_url

            url = redact_url(text.replace(":/", "://", 1))
            raise ConfigError(f"{url}: pass a URL as a string; pathlib drops one of its slashes")
        return None
    if found["scheme"].lower() in ("file", "local"):
        return None
    return RemotePath(text)


def local_folder(path: str | os.PathLike[str] | RemotePath) -> str:
    """A path on this machine, `file://` taken off."""
    text = str(path) if isinstance(path, RemotePath) else os.fspath(path)
    return re.sub(r"^(file|local)://", "", text, flags=re.IGNORECASE)


def shown(path: str) -> str:
    """A path or a URL as a person may see it: without credentials."""
    return str(remote_path(path) or path)
