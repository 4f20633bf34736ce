"""URLs: which kind they are, what they name, and how they are shown without their credentials."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import string
import sys
from urllib.parse import quote, unquote, unquote_plus

from corpuskit.errors import ConfigError

_SCHEME_OF = re.compile(r"([A-Za-z][A-Za-z0-9+._\-]*)(::|://)")
#: Schemes of files of this machine.
_FILE_SCHEMES = ("file", "local")
#: fsspec's file systems that stay on this machine; a chain of them may be used offline.
_LOCAL_SCHEMES = frozenset({*_FILE_SCHEMES, "memory", "zip", "tar", "libarchive"})

#: What a secret value becomes.
REDACTED = "REDACTED"

#: Schemes whose part before an @ names a repository.
_NOT_USERINFO = ("github", "git")

_SECRET_NAMES = frozenset(
    {"sig", "key", "code", "sas", "auth", "pw", "pass", "awsaccesskeyid", "googleaccessid", "policy"}
    | {"key-pair-id"}
)
_SECRET_START = ("x-amz-", "x-goog-", "x-ms-")
_SECRET_PART = re.compile(
    r"token|secret|passw|pwd|signature|credential|session|jwt|bearer|authorization|"
    r"(api|access|private|account|subscription)[-_]?key"
)

#: URLs are looked for inside the values of URLs so many times; deeper ones are dropped whole.
_DEPTH = 3


def _query_parameter(also_ends: str) -> re.Pattern[str]:
    """One name=value of a query; a part after a semicolon that has no name of its own belongs to it."""
    inside = rf"[^&;#{also_ends}]*"
    return re.compile(
        rf"(?P<before>[?&;#])(?P<name>[^=&;#?{also_ends}]+)="
        rf"(?P<value>{inside}(?:;[^=&;#{also_ends}]*(?=[&;#{also_ends}]|$))*)"
    )


_QUERY_PARAMETER = _query_parameter("")
_QUERY_PARAMETER_IN_TEXT = _query_parameter(r"\s\"'")
_STRETCH = re.compile(r"[^\s\"']+")
_SCHEME_LETTERS = string.ascii_letters + string.digits + "+.-"
_AUTHORITY_END = re.compile(r"[/?#]|://|$")

#: Names whose values credentials usually are, but which may also say which file is meant.
_AMBIGUOUS = frozenset({"key", "code", "pass", "policy"})


def redact_url(url: str) -> str:
    """The URL without user, password and signing or token parameters, on one printable line.

    It is what manifests, logs and errors hold. URLs that are chained with `::` are redacted each, and so are
    those inside a path or a value. The time it takes is linear in the length.

    Example:
        >>> redact_url("https://me:pw@example.org/a.txt?part=2&sig=c2VjcmV0")
        'https://example.org/a.txt?part=2&sig=REDACTED'
    """
    return _redact(url, _DEPTH)


def redact_text(text: str) -> str:
    """Any text, such as another library's message, with the credentials in its URLs removed."""
    without_userinfo = _STRETCH.sub(lambda match: _without_userinfo(match[0]), text)
    return _printable(_without_values(_QUERY_PARAMETER_IN_TEXT, without_userinfo, _DEPTH))


def url_id(url: str) -> str:
    """A name for what a URL stands for: the sha256 of the redacted URL.

    Two signed URLs of one file have the same id. Where a redacted value may be what tells two files apart
    (`?key=a.txt`), it counts.
    """
    text = redact_url(url)
    for match in _QUERY_PARAMETER.finditer(url):
        if unquote_plus(match["name"]).lower() in _AMBIGUOUS and match["value"] != REDACTED:
            text += "\n" + match["value"]
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _redact(url: str, depth: int) -> str:
    parts = (_without_values(_QUERY_PARAMETER, _without_userinfo(part), depth) for part in url.split("::"))
    return _printable("::".join(parts))


def _without_userinfo(url: str) -> str:
    """The URL, and those in its path, without users and passwords.

    Every character is looked at a fixed number of times: each search goes on where the last one ended.
    """
    kept, position, last_at = [], 0, url.rfind("@")
    while (colon := url.find("://", position)) >= 0:
        before = url[position:colon]
        scheme = before[len(before.rstrip(_SCHEME_LETTERS)) :].lower()
        start = colon + 3
        position = _authority_end(url, start)
        authority = url[start:position]
        if scheme not in _NOT_USERINFO:
            if "@" in authority:
                authority = authority.rpartition("@")[2]
            elif _has_password(authority):
                if last_at >= position:  # it holds an unescaped /, ? or #, and ends at the last @
                    position = _authority_end(url, last_at + 1)
                    authority = url[last_at + 1 : position]
                else:
                    authority = authority.rpartition(":")[0]
        kept += [before, "://", authority]
    return "".join([*kept, url[position:]])


def _authority_end(url: str, start: int) -> int:
    match = _AUTHORITY_END.search(url, start)
    return len(url) if match is None else match.start()


def _has_password(authority: str) -> bool:
    """Whether what follows the last colon is neither a port nor the end of an IPv6 address."""
    _, colon, port = authority.rpartition(":")
    return bool(colon and port) and not port.isdigit() and not authority.endswith("]")


def _without_values(parameter: re.Pattern[str], text: str, depth: int) -> str:
    """The text without the values of parameters that hold credentials."""

    def without_value(match: re.Match[str]) -> str:
        name, value = match["name"], unquote_plus(match["value"])
        if _is_secret(unquote_plus(name).lower()):
            return f"{match['before']}{name}={REDACTED}"
        if "://" in value or "?" in value:
            # A URL inside a URL, escaped or not, whole or the end of one, may hold credentials of its own.
            redacted = _redact(value, depth - 1) if depth else REDACTED
            if redacted != value:
                return f"{match['before']}{name}={quote(redacted, safe='')}"
        return match[0]

    return parameter.sub(without_value, text)


def _is_secret(name: str) -> bool:
    return name in _SECRET_NAMES or name.startswith(_SECRET_START) or bool(_SECRET_PART.search(name))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else quote(c.encode("utf-8", "surrogatepass")) for c in text)


def scheme_of(url: str) -> str:
    """The scheme of a URL in lower case; "" for a path."""
    match = _SCHEME_OF.match(url)
    return match[1].lower() if match else ""


def is_remote(location: str) -> bool:
    """Whether a location is a URL rather than a path."""
    return "://" in location


def is_offline_scheme(url: str) -> bool:
    """Whether reading `url` stays on this machine."""
    return all(scheme_of(part) in _LOCAL_SCHEMES or "://" not in part for part in url.split("::"))


def file_path(url: str) -> str | None:
    """The path that a `file://` URL names, %-escapes decoded; None for anything else.

    Raises:
        ConfigError: If the URL names a host.

    Example:
        >>> file_path("file:///data/my%20text.txt")
        '/data/my text.txt'
    """
    if scheme_of(url) not in _FILE_SCHEMES or "://" not in url or "::" in url:
        return None
    host, slash, path = url.partition("://")[2].partition("/")
    if host.lower() not in ("", "localhost"):
        raise ConfigError(f"{redact_url(url)} names a host; a local file is file:///path", found=url)
    return unquote(slash + path, sys.getfilesystemencoding(), "surrogateescape")


@dataclasses.dataclass(frozen=True, slots=True)
class RemotePath:
    """A folder or a file in an object store. `str` gives it without credentials; `url` is for opening it.

    Args:
        url: The whole URL; a slash at its end makes no difference.

    Raises:
        ConfigError: If it is a chain of URLs, or ends behind `://`.
    """

    url: str

    def __post_init__(self) -> None:
        if "::" in self.url:
            raise ConfigError(f"{self}: a corpus is at one URL, not at a chain of them")
        if not self.url.partition("://")[2].strip("/"):
            raise ConfigError(f"{self.url}: names no place in a store; say which, such as s3://bucket/folder")
        object.__setattr__(self, "url", self.url.rstrip("/"))

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(f"{self.url}/{name}")

    def __str__(self) -> str:
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
        ConfigError: If no URL can be like this, or it went through `pathlib`, which drops one of its slashes.
    """
    if isinstance(path, RemotePath):
        return path
    text = as_text(path)
    is_url = "://" in text and scheme_of(text) != ""
    if is_url and "\0" in text:
        raise ConfigError(f"{text!r}: no URL holds a NUL character; take it out", found=text)
    if not is_url:
        if not isinstance(path, str) and re.match(r"[A-Za-z][A-Za-z0-9+.\-]+:/[^/]", text):
            url = redact_url(text.replace(":/", "://", 1))
            raise ConfigError(f"{url}: pass a URL as a string; pathlib drops one of its slashes")
        return None
    return None if scheme_of(text) in _FILE_SCHEMES else RemotePath(text)


def with_two_slashes(path: str | os.PathLike[str]) -> str:
    """A path as text; a URL of whose two slashes `pathlib` has left one is that URL again."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.\-]+):/(?=[^/])", r"\1://", as_text(path))


def shown(location: str) -> str:
    """A path or a URL as a person may see it: without credentials."""
    return redact_url(location) if is_remote(location) else location


def as_text(path: str | os.PathLike[str]) -> str:
    """A path or a URL as text.

    Raises:
        ConfigError: If it is neither.
    """
    text = path if isinstance(path, str) else os.fspath(path) if isinstance(path, os.PathLike) else None
    if not isinstance(text, str):
        raise ConfigError(f"{path!r:.80}: must be a path, or a URL as text", found=path)
    return text
