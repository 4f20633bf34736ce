"""One HTTP request for a file, or for the rest of one.

Bodies are taken as they come over the wire, and an answer must agree with what was said before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import requests

from corpuskit.errors import FetchError
from corpuskit.fetching import headers
from corpuskit.fetching.claims import Claims, Contradiction, Validator
from corpuskit.fetching.options import FetchOptions, Transient, too_long
from corpuskit.fetching.partial import Partial
from corpuskit.fetching.requesting import get, told
from corpuskit.fetching.waiting import Budget
from corpuskit.version import __version__

_READ_BYTES = 256 * 1024


@dataclasses.dataclass(slots=True)
class Answer:
    """What is known of the server's last answer, for messages and records."""

    content_type: str = ""
    content_encoding: str = ""
    length_known: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class _Body:
    """What a body is going to be.

    Args:
        end: Where in the file it ends, if its length is known.
        total_bytes: How long the file is, if that is known.
    """

    end: int | None
    total_bytes: int | None


def download(
    session: requests.Session,
    url: str,
    partial: Partial,
    *,
    answer: Answer,
    claims: Claims,
    budget: Budget,
    max_bytes: int,
    fresh: bool,
    on_bytes: Callable[[int | None], None],
) -> None:
    """Make one request and append its body to `partial`, which is complete when this returns.

    Args:
        session: Keeps connections and cookies between attempts.
        url: What to ask for.
        partial: Where the bytes go; what it has is not asked for again if it can be continued.
        answer: Filled in with what the server says.
        claims: What was said before, and where what is said now goes.
        budget: The time of this attempt.
        max_bytes: How much to accept.
        fresh: Whether to ask caches on the way for a fresh copy.
        on_bytes: Called with the file's size, if known, after each piece.

    Raises:
        Transient: If another attempt may do better.
        FetchError: If not.
        HashMismatch: If the body is longer than the file can be.
    """
    fields = {
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": f"corpuskit/{__version__}",
    }
    if fresh:
        fields["Cache-Control"] = "no-cache"
    if partial.size_bytes and not partial.validator.if_range:
        partial.restart()
    if partial.size_bytes:
        claims.hear(partial.validator)  # an earlier process may have been told
        fields["Range"] = f"bytes={partial.size_bytes}-"
        fields["If-Range"] = partial.validator.if_range or ""
    response = get(session, url, fields, budget)
    with response:
        body = _begin(response, partial, answer, claims, budget.options, resuming="Range" in fields)
        if body is not None:
            _read_body(response, body, partial, claims, budget, max_bytes, on_bytes)
            answer.length_known = body.end is not None or _is_chunked(response)


def _read_body(
    response: requests.Response,
    body: _Body,
    partial: Partial,
    claims: Claims,
    budget: Budget,
    max_bytes: int,
    on_bytes: Callable[[int | None], None],
) -> None:
    wanted = body.total_bytes
    if wanted is not None:
        partial.require_space(min(wanted, max_bytes) - partial.size_bytes)
    on_bytes(wanted)
    failure: Transient
    try:
        for data in _pieces(response, budget):
            partial.write(data)
            on_bytes(wanted)
            if max(partial.size_bytes, wanted or 0) > max_bytes:
                raise too_long(max_bytes, partial.size_bytes)
            if body.end is not None and partial.size_bytes > body.end:
                raise Contradiction("the server sends more than the range that it announced")
            claims.check_size(partial.size_bytes, whole=False)
        if wanted is not None and partial.size_bytes < wanted:
            raise Transient("the connection was cut")
        claims.check_size(partial.size_bytes, whole=True)
        return
    except Contradiction as error:
        partial.restart()
        failure = error
    except Transient as error:
        of_all = "" if wanted is None else f" of {wanted:,}"
        failure = Transient(f"{error} after {partial.size_bytes:,}{of_all} bytes")
    raise failure


def _begin(
    response: requests.Response,
    partial: Partial,
    answer: Answer,
    claims: Claims,
    options: FetchOptions,
    *,
    resuming: bool,
) -> _Body | None:
    """Make `partial` ready for the body; None where it is complete without one."""
    status = response.status_code
    answer.content_type = _header(response, "Content-Type")
    encoding = _header(response, "Content-Encoding").lower()
    answer.content_encoding = "" if encoding == "identity" else encoding
    if status == 200:
        length = _content_length(response)
        version = _validator(response, length)
        claims.hear(version)
        partial.restart(version)
        return _Body(length, length)
    if resuming and status == 206:
        return _begin_range(response, partial, claims)
    if resuming and status == 416:
        size = headers.unsatisfied_range(_header(response, "Content-Range"))
        if size == partial.size_bytes and claims.checked and partial.validator.total_bytes in (None, size):
            return None
        partial.restart()
        raise Transient("the server has no rest of the file to continue with")
    raise _status_error(response, options)


def _begin_range(response: requests.Response, partial: Partial, claims: Claims) -> _Body:
    """Check that the body continues exactly where `partial` ends."""
    found = headers.content_range(_header(response, "Content-Range"))
    problem = _wrong_range(response, found, partial)
    if problem is None and found is not None:
        total = partial.validator.total_bytes if found.total_bytes is None else found.total_bytes
        partial.validator = dataclasses.replace(partial.validator, total_bytes=total)
        claims.hear(partial.validator)
        return _Body(found.last + 1, total)
    partial.restart()
    raise Transient(f"the server answered a request for the rest of the file with {problem}")


def _wrong_range(
    response: requests.Response, found: headers.ContentRange | None, partial: Partial
) -> str | None:
    """What is wrong with a 206 answer; None if nothing is."""
    if _header(response, "Content-Type").lower().startswith("multipart/"):
        return "several ranges"
    if found is None:
        return "no range that can be understood"
    if found.first != partial.size_bytes:
        return f"bytes from {found.first:,} instead of {partial.size_bytes:,}"
    total, length = partial.validator.total_bytes, _content_length(response)
    if total is None and found.total_bytes is None:
        return "a range of a file whose size it does not say"
    if total is not None and found.total_bytes not in (None, total):
        return f"a file of another size ({found.total_bytes:,} bytes)"
    if found.last >= (found.total_bytes or total or 0):
        return f"bytes up to {found.last:,} of a file of {total:,}"
    if length not in (None, found.last + 1 - found.first):
        return f"{length:,} bytes where its range has {found.last + 1 - found.first:,}"
    if _validator(response, total).is_other_than(partial.validator):
        return "another version of the file"
    return None


def _validator(response: requests.Response, total_bytes: int | None) -> Validator:
    """What the answer says about the version of its body."""
    modified = _header(response, "Last-Modified")
    changed, sent = headers.date(modified), headers.date(_header(response, "Date"))
    if changed is None or (sent is not None and sent - changed < 1):
        modified = ""  # it may have changed twice in that second
    return Validator(_header(response, "ETag") or None, modified or None, total_bytes)


def _pieces(response: requests.Response, budget: Budget) -> Iterator[bytes]:
    """The body's bytes as they come over the wire, each piece as soon as it is there."""
    budget.begin_body()
    while True:
        data = told(lambda: response.raw.read1(_READ_BYTES, decode_content=False), response.url, budget)
        if not data:
            return
        budget.count(len(data))
        yield data


def _status_error(response: requests.Response, options: FetchOptions) -> Exception:
    status = response.status_code
    reason = headers.status_text(status)
    if headers.may_pass(status):
        wait_s = headers.retry_after_s(_header(response, "Retry-After"), now=options.now())
        return Transient(reason, retry_after_s=wait_s)
    if status in (401, 403):
        reason += "; it wants credentials that it did not get, or the link has expired"
    return FetchError(reason, missing=headers.is_gone(status))


def _header(response: requests.Response, name: str) -> str:
    return response.headers.get(name, "")


def _is_chunked(response: requests.Response) -> bool:
    return "chunked" in _header(response, "Transfer-Encoding").lower()


def _content_length(response: requests.Response) -> int | None:
    return None if _is_chunked(response) else headers.content_length(_header(response, "Content-Length"))
