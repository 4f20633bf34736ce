"""URLs without the credentials that people and services put into them."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, unquote_plus

#: What a secret value becomes.
REDACTED = "REDACTED"

#: Schemes whose part before an @ names a repository.
_NOT_USERINFO = ("github", "git")

_SECRET_NAME = re.compile(
    r"sig|key|code|sas|auth|pw|pass|"  # the whole name
    r"(x-(amz|goog|ms)-.*)|awsaccesskeyid|googleaccessid|policy|key-pair-id|"
    r".*(token|secret|passw|pwd|signature|credential|session|jwt|bearer|authorization|"
    r"(api|access|private|account|subscription)[-_]?key).*",
    re.IGNORECASE,
)


def _query_parameter(also_ends: str) -> re.Pattern[str]:
    """One name=value of a query; a part after a semicolon that has no name of its own belongs to it."""
    inside = rf"[^&;#{also_ends}]*"
    return re.compile(
        rf"(?P<before>[?&;#])(?P<name>[^=&;#?{also_ends}]+)="
        rf"(?P<value>{inside}(?:;[^=&;#{also_ends}]*(?=[&;#{also_ends}]|$))*)"
    )


_QUERY_PARAMETER = _query_parameter("")
_QUERY_PARAMETER_IN_TEXT = _query_parameter(r"\s\"'")
_AUTHORITY = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<authority>[^/?#\s\"']*)(?P<rest>[^\s\"']*)"
)

#: Names whose values credentials usually are, but which may also say which file is meant.
_AMBIGUOUS = frozenset({"key", "code", "pass", "policy"})


def redact_url(url: str) -> str:
    """The URL without user, password and signing or token parameters, on one printable line.

    It is what manifests, logs and errors hold. URLs that are chained with `::` are redacted each.

    Example:
        >>> redact_url("https://me:pw@example.org/a.txt?part=2&sig=c2VjcmV0")
        'https://example.org/a.txt?part=2&sig=REDACTED'
    """
    parts = (_redact_one(part) for part in url.split("::"))
    return "::".join(parts)


def redact_text(text: str) -> str:
    """Any text, such as another library's message, with the credentials in its URLs removed."""
    without_userinfo = _AUTHORITY.sub(_without_userinfo, text)
    return _printable(_QUERY_PARAMETER_IN_TEXT.sub(_without_value, without_userinfo))


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


def _redact_one(url: str) -> str:
    match = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*)://", url)
    if match is None:
        return _printable(_QUERY_PARAMETER.sub(_without_value, url))
    scheme = match[1].lower()
    authority, rest = _split_authority(url[match.end() :])
    if scheme not in _NOT_USERINFO:
        authority, rest = _host_of(authority, rest)
    return _printable(match[0] + authority + _QUERY_PARAMETER.sub(_without_value, rest))


def _split_authority(text: str) -> tuple[str, str]:
    end = re.search(r"[/?#]", text)
    return (text, "") if end is None else (text[: end.start()], text[end.start() :])


def _host_of(authority: str, rest: str) -> tuple[str, str]:
    """The authority without user and password, and what follows it."""
    if "@" in authority:
        return authority.rpartition("@")[2], rest
    host, colon, port = authority.rpartition(":")
    if colon and port and not port.isdigit() and not authority.endswith("]"):
        # Not a port: a password that holds an unescaped /, ? or #, and ends at the last @.
        return _split_authority(rest.rpartition("@")[2]) if "@" in rest else (host, rest)
    return authority, rest


def _without_userinfo(match: re.Match[str]) -> str:
    authority, rest = match["authority"], match["rest"]
    if match["scheme"].lower() not in _NOT_USERINFO:
        authority, rest = _host_of(authority, rest)
    return f"{match['scheme']}://{authority}{rest}"


def _without_value(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    if _SECRET_NAME.fullmatch(unquote_plus(name)):
        return f"{match['before']}{name}={REDACTED}"
    if "://" in unquote_plus(value):
        # A URL inside a URL, escaped or not, may hold credentials of its own.
        inner = unquote_plus(value)
        redacted = redact_url(inner)
        if redacted != inner:
            return f"{match['before']}{name}={quote(redacted, safe='')}"
    return match[0]


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else quote(c.encode("utf-8", "surrogatepass")) for c in text)
