"""One HTTP request for a file, or for the rest of one.

Redirects are followed by hand, bodies are taken as they come over the wire, and whatever goes wrong becomes
a sentence of our own: the texts of the libraries below hold URLs, and URLs may hold credentials.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import http
import http.client
import logging
import queue
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timezone
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import requests
import urllib3
from requests.auth import HTTPBasicAuth

import corpuskit
from corpuskit.errors import FetchError
from corpuskit.fetch.failures import failure_of
from corpuskit.fetch.options import FetchOptions, Transient, too_long
from corpuskit.fetch.partial import Partial, Validator
from corpuskit.fetch.redact import redact_url

log = logging.getLogger(__name__)

_READ_BYTES = 256 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_TRANSIENT = (408, 425, 429)


@dataclasses.dataclass(slots=True)
class Answer:
    """What is known of the server's last answer, for messages and records."""

    content_type: str = ""
    content_encoding: str = ""
    length_known: bool = True


class Session(requests.Session):
    """Connections and cookies of one download, with redirects left to us."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: requests reads the whole body of a redirect, however long, even if told not to follow."""
        return None


def download(
    session: requests.Session,
    url: str,
    partial: Partial,
    *,
    answer: Answer,
    options: FetchOptions,
    deadline: float,
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
        options: The limits.
        deadline: When to stop, on `options.clock`.
        max_bytes: How much to accept.
        fresh: Whether to ask caches on the way for a fresh copy.
        on_bytes: Called with the file's size, if known, after each piece.

    Raises:
        Transient: If another attempt may do better.
        FetchError: If not.
        HashMismatch: If the body is longer than the file can be.
    """
    headers = {
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": f"corpuskit/{corpuskit.__version__}",
    }
    if fresh:
        headers["Cache-Control"] = "no-cache"
    if partial.size_bytes and not partial.validator.if_range:
        partial.restart()
    if partial.size_bytes:
        headers["Range"] = f"bytes={partial.size_bytes}-"
        headers["If-Range"] = partial.validator.if_range or ""
    response = _open(session, url, headers, options, deadline)
    with response:
        if not _begin(response, partial, answer, resuming="Range" in headers, options=options):
            return
        length = _content_length(response)
        expected_end = None if length is None else partial.size_bytes + length
        answer.length_known = expected_end is not None or "chunked" in _header(response, "Transfer-Encoding")
        wanted = partial.validator.total_bytes or expected_end
        if wanted is not None:
            partial.require_space(min(wanted, max_bytes) - partial.size_bytes)
        on_bytes(wanted)
        try:
            for data in _body(response, options, deadline):
                partial.write(data)
                on_bytes(wanted)
                if max(partial.size_bytes, wanted or 0) > max_bytes:
                    raise too_long(max_bytes, partial.size_bytes)
            if wanted is not None and partial.size_bytes < wanted:
                raise Transient("the connection was cut")
        except Transient as error:
            of_all = "" if wanted is None else f" of {wanted:,}"
            raise Transient(f"{error} after {partial.size_bytes:,}{of_all} bytes") from None


def _begin(
    response: requests.Response, partial: Partial, answer: Answer, *, resuming: bool, options: FetchOptions
) -> bool:
    """Make `partial` ready for the body; False where it is complete without one."""
    status = response.status_code
    answer.content_type = _header(response, "Content-Type")
    encoding = _header(response, "Content-Encoding").lower()
    answer.content_encoding = "" if encoding == "identity" else encoding
    if status == 200:
        partial.restart(_validator(response))
        return True
    if resuming and status == 206:
        problem = _wrong_range(response, partial)
        if problem is None:
            return True
        partial.restart()
        raise Transient(f"the server answered a request for the rest of the file with {problem}")
    if resuming and status == 416:
        size = re.fullmatch(r"bytes \*/(\d+)", _header(response, "Content-Range"))
        if size is not None and int(size[1]) == partial.size_bytes:
            return False
        partial.restart()
        raise Transient("the server has no rest of the file to continue with")
    raise _status_error(response, options)


def _wrong_range(response: requests.Response, partial: Partial) -> str | None:
    """What is wrong with a 206 answer; None if it continues exactly where `partial` ends."""
    if _header(response, "Content-Type").lower().startswith("multipart/"):
        return "several ranges"
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", _header(response, "Content-Range"))
    if match is None:
        return "no range that can be understood"
    first, last = int(match[1]), int(match[2])
    if first != partial.size_bytes or last < first:
        return f"bytes from {first:,} instead of {partial.size_bytes:,}"
    total = partial.validator.total_bytes
    if match[3] != "*" and (int(match[3]) <= last or total not in (None, int(match[3]))):
        return f"a file of another size ({int(match[3]):,} bytes)"
    length = _content_length(response)
    if length not in (None, last - first + 1):
        return f"{length:,} bytes where its range has {last - first + 1:,}"
    etag = _header(response, "ETag")
    if partial.validator.etag and etag and etag != partial.validator.etag:
        return "another version of the file"
    if match[3] != "*" and total is None:
        partial.validator = dataclasses.replace(partial.validator, total_bytes=int(match[3]))
    return None


def _validator(response: requests.Response) -> Validator:
    """What the answer says about the version of its body; weak validators are no use for a range."""
    total = _content_length(response)
    etag = _header(response, "ETag")
    if re.fullmatch(r'"[^"]*"', etag):
        return Validator(etag=etag, total_bytes=total)
    modified = _header(response, "Last-Modified")
    changed, sent = _date(modified), _date(_header(response, "Date"))
    if changed is None or (sent is not None and sent - changed < 1):
        return Validator(total_bytes=total)  # it may have changed twice in that second
    return Validator(last_modified=modified, total_bytes=total)


def _open(
    session: requests.Session, url: str, headers: dict[str, str], options: FetchOptions, deadline: float
) -> requests.Response:
    """The answer to a GET after all redirects; not yet read."""
    if not _is_url(url):
        raise FetchError("it is not a URL that can be asked for")
    current, auth = _split_credentials(url)
    first_auth, first_origin = auth, _origin(current)
    chain = [redact_url(current)]
    while True:
        response = _request(session, current, auth, headers, options, deadline)
        location = _header(response, "Location")
        if response.status_code not in _REDIRECTS or not location:
            return response
        response.close()
        target, auth = _redirect_target(current, location)
        chain.append(redact_url(target))
        if len(chain) > options.max_redirects + 1:
            raise FetchError(
                f"more than {options.max_redirects} redirects: {' -> '.join([chain[0], '...', *chain[-2:]])}"
            )
        if auth is None and _origin(target) == first_origin:
            auth = first_auth
        log.debug("redirected to %s", chain[-1])
        current = target


def _redirect_target(current: str, location: str) -> tuple[str, tuple[bytes, bytes] | None]:
    """Where a redirect leads, with the credentials that it names itself."""
    with contextlib.suppress(UnicodeError):
        # http.client decodes headers as Latin-1; what servers send beyond ASCII is UTF-8.
        location = location.encode("latin-1").decode("utf-8")
    if not _is_url(location) or not _is_url(target := urljoin(current, location)):
        raise FetchError("the server redirects to something that is not a URL")
    target, auth = _split_credentials(target)
    scheme = urlsplit(target).scheme
    if scheme not in ("http", "https"):
        raise FetchError(
            f"the server redirects from {redact_url(current)} to {scheme}:, which is not followed"
        )
    if scheme == "http" and urlsplit(current).scheme.lower() == "https":
        raise FetchError(f"the server redirects from https to {redact_url(target)}, which is not secure")
    return target, auth


def _request(
    session: requests.Session,
    url: str,
    auth: tuple[bytes, bytes] | None,
    headers: dict[str, str],
    options: FetchOptions,
    deadline: float,
) -> requests.Response:
    left = max(deadline - options.clock(), 0.001)
    timeout = (min(options.connect_timeout_s, left), min(options.read_timeout_s, left))
    answers: queue.SimpleQueue[requests.Response | Exception] = queue.SimpleQueue()
    gone = threading.Event()  # nobody waits for the answer any more

    def ask() -> None:
        basic = HTTPBasicAuth(*auth) if auth is not None else None
        try:
            answers.put(
                session.get(
                    url, headers=headers, auth=basic, timeout=timeout, stream=True, allow_redirects=False
                )
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            answers.put(failure_of(error, url, options))
        if gone.is_set():
            discard()

    def discard() -> None:
        with contextlib.suppress(queue.Empty):
            late = answers.get_nowait()
            if isinstance(late, requests.Response):
                late.close()

    # A socket's timeout begins again with each byte, so a server that sends its headers one by one would
    # hold us for ever. Nothing can interrupt the thread that reads them; it ends when the connection does.
    threading.Thread(target=ask, name="corpuskit-request", daemon=True).start()
    try:
        # Connecting may try several addresses, and a proxy first.
        answer = answers.get(timeout=min(3 * timeout[0] + 2 * timeout[1], left + 1))
    except BaseException as error:
        gone.set()
        discard()
        if not isinstance(error, queue.Empty):
            raise
        answer = Transient("the server did not finish its answer's headers in time")
    if isinstance(answer, Exception):
        raise answer
    return answer


def _body(response: requests.Response, options: FetchOptions, deadline: float) -> Iterator[bytes]:
    """The body's bytes as they come over the wire, each piece as soon as it is there."""
    window_start, window_bytes = options.clock(), 0
    while True:
        failure = None
        try:
            data = response.raw.read1(_READ_BYTES, decode_content=False)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            failure = failure_of(error, response.url, options)
        if failure is not None:
            raise failure
        if not data:
            return
        yield data
        now = options.clock()
        if now > deadline:
            raise Transient("the time limit was reached")
        window_bytes += len(data)
        if now - window_start >= options.rate_window_s:
            rate = window_bytes / (now - window_start)
            if rate < options.min_bytes_per_s:
                raise Transient(f"the server sends only {rate:,.0f} bytes a second")
            window_start, window_bytes = now, 0


def _status_error(response: requests.Response, options: FetchOptions) -> Exception:
    status = response.status_code
    try:
        reason = f"the server answered {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        reason = f"the server answered {status}"
    if status in _TRANSIENT or status >= 500:
        return Transient(reason, retry_after_s=_retry_after(response, options))
    if status in (401, 403):
        reason += "; it wants credentials that it did not get, or the link has expired"
    return FetchError(reason)


def _retry_after(response: requests.Response, options: FetchOptions) -> float | None:
    value = _header(response, "Retry-After").strip()
    if re.fullmatch(r"\d+", value):
        return float(value[:18])
    date = _date(value)
    return None if date is None else max(0.0, date - options.now())


def _is_url(text: str) -> bool:
    """Whether the URL can be taken apart; the errors of those that cannot quote it."""
    try:
        _origin(text)
    except ValueError:
        return False
    return True


def _split_credentials(url: str) -> tuple[str, tuple[bytes, bytes] | None]:
    """The URL without user and password, and those."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(user).encode(), unquote(password).encode())


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _header(response: requests.Response, name: str) -> str:
    return response.headers.get(name, "")


def _content_length(response: requests.Response) -> int | None:
    value = _header(response, "Content-Length").strip()
    return (
        int(value) if value.isdecimal() and "chunked" not in _header(response, "Transfer-Encoding") else None
    )


def _date(text: str) -> float | None:
    """Seconds since 1970 of an HTTP date; None if it is none."""
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
