"""Where a file's bytes may be besides a web server: a local path, a mirror folder, an fsspec file system."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
from collections.abc import Callable, Iterator
from functools import partial as bound
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from corpuskit import reading
from corpuskit.errors import FetchError
from corpuskit.fetching import headers
from corpuskit.fetching.logs import redact_logs
from corpuskit.fetching.options import Transient, too_long
from corpuskit.fetching.partial import Partial
from corpuskit.fetching.waiting import Budget, Late, call_within
from corpuskit.registry.distribution import install_command
from corpuskit.urls import redact_text, redact_url, scheme_of

log = logging.getLogger(__name__)

_READ_BYTES = 2**20

#: What botocore raises where nobody has said who asks, or what cannot be asked for.
_PERMANENT = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "ParamValidationError")

#: How much of another library's message is shown.
_TEXT_CHARS = 500

#: IPv6 addresses that stand for IPv4 ones.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

#: The extra that brings a scheme's file system.
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}


def hash_file(path: Path, on_bytes: Callable[[int], None] = lambda size_bytes: None) -> tuple[str, int]:
    """The sha256 and size of a local file, read once from start to end."""
    try:
        with path.open("rb", buffering=0) as file:
            return reading.hashed(file.read, on_bytes)
    except OSError as error:
        reason = error.strerror or error
        raise FetchError(f"cannot read {path}: {reason}", path=path, missing=is_missing(error)) from error


def is_offline() -> bool:
    """Whether CORPUSKIT_OFFLINE forbids the network."""
    return _is_set("CORPUSKIT_OFFLINE")


def denies_private() -> bool:
    """Whether CORPUSKIT_DENY_PRIVATE forbids downloads from addresses that are not public."""
    return _is_set("CORPUSKIT_DENY_PRIVATE")


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() not in ("", "0", "false", "no", "off")


def is_private(address: str) -> bool:
    """Whether an IP address is of this machine, of a local network or of no host on the internet.

    An IPv4 address inside an IPv6 one is what counts.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = inside or ip
    return ip.is_multicast or not ip.is_global


def read_with_fsspec(
    url: str,
    partial: Partial,
    *,
    budget: Budget,
    max_bytes: int,
    on_bytes: Callable[[int | None], None],
) -> None:
    """Copy what fsspec reads at `url` into `partial`, from the beginning.

    Raises:
        Transient: If another attempt may do better.
        FetchError: If not.
    """
    partial.restart()
    total_bytes = None
    for data, total_bytes in _pieces(url, budget):
        partial.write(data)
        on_bytes(total_bytes)
        if partial.size_bytes > max_bytes:
            raise too_long(max_bytes, partial.size_bytes)
    if total_bytes is not None and partial.size_bytes != total_bytes:
        raise Transient(f"it gave {partial.size_bytes:,} of {total_bytes:,} bytes")


def _pieces(url: str, budget: Budget) -> Iterator[tuple[bytes, int | None]]:
    """The file's bytes in order, the last piece empty, each with the file's size if it is known."""
    import fsspec

    redact_logs()
    failure: Exception
    try:
        opened = _within(budget, bound(fsspec.open, url, mode="rb"))
        with contextlib.closing(opened):
            file = _within(budget, opened.__enter__)
            total_bytes = getattr(file, "size", None)
            total_bytes = total_bytes if isinstance(total_bytes, int) else None
            data = b"."
            while data:
                data = _within(budget, bound(file.read, _READ_BYTES))
                yield data, total_bytes
            return
    except (Transient, FetchError) as error:
        failure = error
    except Exception as error:  # every file system raises classes of its own
        failure = failure_of(error, url)
    failure.__context__ = None
    raise failure


def _within(budget: Budget, action: Callable[[], Any]) -> Any:
    """What a file system's call returns, if it does so before the time is up."""
    budget.wait_s()
    with contextlib.suppress(Late):
        return call_within(budget.left_s, action, discard=lambda late: None)
    raise Transient("the time limit was reached")


def is_missing(error: Exception) -> bool:
    """Whether a file system says that there is no such file, rather than that it cannot tell."""
    if isinstance(error, FileNotFoundError):
        return _hidden_failure(error) is None
    return headers.is_gone(getattr(error, "status", None))


def _hidden_failure(error: FileNotFoundError) -> BaseException | None:
    """What fsspec's HTTP file system makes a FileNotFoundError of: whatever else went wrong."""
    cause = error.__cause__
    failed = isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError)
    failed = failed or type(cause).__module__.partition(".")[0] in ("aiohttp", "asyncio")
    return cause if failed and not headers.is_gone(getattr(cause, "status", None)) else None


def failure_of(error: BaseException, url: str) -> FetchError | Transient:
    """Our own sentence for what a file system below raised; `Transient` if another attempt may do better."""
    scheme = scheme_of(url)
    if isinstance(error, FileNotFoundError):
        hidden = _hidden_failure(error)
        if hidden is not None:
            return failure_of(hidden, url)
        if "bucket does not exist" in str(error):
            bucket = urlsplit(url).hostname
            return FetchError(f"there is no bucket {bucket!r}; make it, or name another", missing=True)
        return FetchError("there is no such file", missing=True)
    if isinstance(error, ImportError):
        extra = _EXTRAS.get(scheme)
        remedy = f"; run: {install_command(extra)}" if extra else _shown(error, url)
        return FetchError(f"{scheme}:// needs a package that is not installed{remedy}")
    status = getattr(error, "status", None)
    if isinstance(error, PermissionError) or status in (401, 403):
        return FetchError("access is denied")
    if isinstance(status, int):
        text = headers.status_text(status)
        may_pass = headers.may_pass(status)
        return Transient(text) if may_pass else FetchError(text, missing=headers.is_gone(status))
    if isinstance(error, ValueError) and "rotocol not known" in str(error):
        return FetchError(f"no installed package reads {scheme}:// URLs")
    if isinstance(error, TypeError):
        return FetchError(f"{scheme}:// needs more than a URL{_shown(error, url)}")
    reason = f"{scheme}:// failed with {type(error).__name__}{_shown(error, url)}"
    permanent = isinstance(error, (IsADirectoryError, NotImplementedError, ValueError, KeyError))
    permanent = permanent or type(error).__name__ in _PERMANENT
    return FetchError(reason) if permanent else Transient(reason)


def _shown(error: BaseException, url: str) -> str:
    """A colon and the error's text, unless what is redacted in the URL may be in it, in any shape."""
    text = " ".join(str(error).split()) if redact_url(url) == url else ""
    return f": {redact_text(text)[:_TEXT_CHARS]}" if text else ""
