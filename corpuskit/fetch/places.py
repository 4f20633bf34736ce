"""Where a file's bytes may be besides a web server: a local path, a mirror folder, an fsspec file system."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

from corpuskit.errors import FetchError
from corpuskit.fetch.options import FetchOptions, Transient, too_long
from corpuskit.fetch.partial import Partial
from corpuskit.fetch.redact import redact_text, redact_url
from corpuskit.place import user_path

log = logging.getLogger(__name__)

_READ_BYTES = 2**20

#: What botocore raises where nobody has said who asks.
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound")

#: fsspec's file systems that stay on this machine; a chain of them may be used offline.
_LOCAL_SCHEMES = frozenset({"file", "local", "memory", "zip", "tar", "libarchive"})


def scheme_of(url: str) -> str:
    """The scheme of a URL in lower case; "" for a path."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*)(::|://)", url)
    return match[1].lower() if match else ""


def local_path(url: str) -> Path | None:
    """The path that `url` is or names with file://; None for anything that is elsewhere."""
    if "::" in url and "://" in url:
        return None  # a chain, such as zip://member::path
    scheme = scheme_of(url)
    if scheme == "":
        return user_path(url)
    if scheme != "file":
        return None
    rest = url[len("file://") :]
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost"):
        raise FetchError(f"{redact_url(url)} names a host; a local file is file:///path", path=url)
    return Path(unquote(slash + path))


def is_offline_scheme(url: str) -> bool:
    """Whether reading `url` stays on this machine."""
    return all(scheme_of(part) in _LOCAL_SCHEMES or "://" not in part for part in url.split("::"))


def hash_file(path: Path, on_bytes: Callable[[int], None] | None = None) -> tuple[str, int]:
    """The sha256 and size of a local file, read once from start to end."""
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with path.open("rb", buffering=0) as file:
            while data := file.read(_READ_BYTES):
                digest.update(data)
                size_bytes += len(data)
                if on_bytes is not None:
                    on_bytes(size_bytes)
    except OSError as error:
        raise FetchError(f"cannot read {path}: {error.strerror or error}", path=path) from error
    return digest.hexdigest(), size_bytes


def mirrors_from_environment(sha256: str) -> Iterator[str]:
    """Where CORPUSKIT_MIRRORS may have the file: under each folder or URL, `<sha256>` and `<ab>/<sha256>`.

    The variable's entries are separated by white space or commas.
    """
    for base in re.split(r"[\s,]+", os.environ.get("CORPUSKIT_MIRRORS", "")):
        if base:
            yield f"{base.rstrip('/')}/{sha256}"
            yield f"{base.rstrip('/')}/{sha256[:2]}/{sha256}"


def is_offline() -> bool:
    """Whether CORPUSKIT_OFFLINE forbids the network."""
    return os.environ.get("CORPUSKIT_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


def read_with_fsspec(
    url: str,
    partial: Partial,
    *,
    options: FetchOptions,
    deadline: float,
    max_bytes: int,
    on_bytes: Callable[[int | None], None],
) -> None:
    """Copy what fsspec reads at `url` into `partial`, from the beginning.

    Raises:
        Transient: If another attempt may do better.
        FetchError: If not.
    """
    partial.restart()
    for data, total_bytes in _pieces(url):
        partial.write(data)
        on_bytes(total_bytes)
        if partial.size_bytes > max_bytes:
            raise too_long(max_bytes, partial.size_bytes)
        if options.clock() > deadline:
            raise Transient("the time limit was reached")


def _pieces(url: str) -> Iterator[tuple[bytes, int | None]]:
    """The file's bytes in order, each piece with the file's size if it is known."""
    import fsspec

    failure = None
    try:
        with fsspec.open(url, mode="rb") as file:
            total_bytes = getattr(file, "size", None)
            while data := file.read(_READ_BYTES):
                yield data, total_bytes
    except Exception as error:  # every file system raises classes of its own
        failure = failure_of(error, url)
    if failure is not None:
        raise failure


def failure_of(error: Exception, url: str) -> FetchError | Transient:
    """Our own sentence for what a file system below raised; `Transient` if another attempt may do better."""
    scheme = scheme_of(url)
    if isinstance(error, ImportError):
        return FetchError(f"{scheme}:// needs a package that is not installed: {error}")
    if isinstance(error, FileNotFoundError):
        return FetchError("there is no such file")
    if isinstance(error, PermissionError):
        return FetchError("access is denied")
    if isinstance(error, ValueError) and "rotocol not known" in str(error):
        return FetchError(f"no installed package reads {scheme}:// URLs")
    reason = f"{scheme}:// failed with {type(error).__name__}"
    if redact_url(url) == url:  # else the text may hold what was redacted, in any shape
        reason += f": {redact_text(str(error))}"
    permanent = isinstance(error, (IsADirectoryError, NotImplementedError, ValueError, KeyError))
    permanent = permanent or type(error).__name__ in _NO_CREDENTIALS
    return FetchError(reason) if permanent else Transient(reason)
