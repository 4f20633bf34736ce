"""One URL to one checked file in the cache: attempts, waits, resumption, and the check at the end."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from corpuskit import cache
from corpuskit.errors import FetchError, HashMismatch
from corpuskit.fetching import http, places
from corpuskit.fetching.claims import Claims
from corpuskit.fetching.options import FetchOptions, Transient
from corpuskit.fetching.partial import Partial, open_partial, remove_abandoned
from corpuskit.fetching.waiting import Budget
from corpuskit.fetching.wire import Session
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.urls import redact_url, scheme_of

log = logging.getLogger(__name__)

#: A file that is not the expected one is asked for again this many times.
_SECOND_CHANCES = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Download:
    """What to download and where to.

    Args:
        url: Where from.
        key: What unfinished files of it are called: its sha256 where that is known.
        label: What it is called in progress and messages.
        sha256: The digest that it must have, or None.
        size_bytes: The size that it must have, or None.
        cache_dir: The cache.
        options: The limits.
        deadline: When to stop, on the options' clock.
        claims: What servers have said of the file.
        on_progress: Called after each piece of the file.
        remedy: What to say about a file that is another one than expected, where there is more to say.
    """

    url: str
    key: str
    label: str
    sha256: str | None
    size_bytes: int | None
    cache_dir: Path
    options: FetchOptions
    deadline: float
    claims: Claims
    on_progress: OnProgress | None = None
    remedy: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Downloaded:
    """What was downloaded, and whether the server said how long it is."""

    sha256: str
    size_bytes: int
    length_verified: bool


def download(what: Download) -> Downloaded:
    """Download a file into the cache.

    Raises:
        FetchError: If it cannot be had from this URL.
        HashMismatch: If what is there is, twice, not the expected file.
        StorageError: If it cannot be written.
    """
    folder = cache.make_folder(what.cache_dir, "partials")
    url = redact_url(what.url)
    checkpoint_bytes = what.options.checkpoint_bytes
    with (
        _transport(what) as transport,
        open_partial(folder, what.key, url, checkpoint_bytes=checkpoint_bytes) as partial,
    ):
        _download_to(partial, what, transport)
        path = cache.file_path(what.cache_dir, partial.sha256)
        cache.make_folder(what.cache_dir, "files", partial.sha256[:2])
        partial.publish(path)
        done = Downloaded(partial.sha256, partial.size_bytes, transport.length_known)
    remove_abandoned(folder, what.key)
    log.info("downloaded %s: %d bytes, sha256 %s", url, done.size_bytes, done.sha256)
    return done


def _download_to(partial: Partial, what: Download, transport: _Transport) -> None:
    """Attempt after attempt until `partial` is the whole, right file."""
    num_failures = num_wrong = 0
    best_bytes = partial.size_bytes
    said = ""
    while True:
        try:
            if not _is_complete(partial):
                transport.attempt(partial, fresh=num_wrong > 0)
            wrong = _check(partial, what, transport)
        except Transient as error:
            # An attempt that brought something new is not one in vain, however often the line drops.
            num_failures = 1 if partial.size_bytes > best_bytes else num_failures + 1
            best_bytes = max(best_bytes, partial.size_bytes)
            wait_s = _wait_s(error, num_failures, what)
            # The same failure over and over is one line.
            level = logging.DEBUG if str(error) == said else logging.WARNING
            said = str(error)
            log.log(level, "%s: %s; trying again in %.1f s", redact_url(what.url), said, wait_s)
            what.options.sleep(wait_s)
            continue
        except HashMismatch as error:
            wrong = _describe(error, partial, what, transport)
        except FetchError as error:
            url = redact_url(what.url)
            raise FetchError(f"cannot download {url}: {error}", path=url, missing=error.missing) from None
        if wrong is None:
            return
        partial.restart()
        num_wrong += 1
        if num_wrong > _SECOND_CHANCES:
            raise wrong
        log.warning("%s; trying once more from the beginning", wrong)


def _is_complete(partial: Partial) -> bool:
    """Whether nothing is left to ask for: an earlier attempt ended between the last byte and the commit."""
    return 0 < partial.size_bytes == partial.validator.total_bytes


def _check(partial: Partial, what: Download, transport: _Transport) -> HashMismatch | None:
    """Why the downloaded file is not the expected one; None if it is."""
    if what.sha256 is not None and partial.sha256 != what.sha256:
        found, expected = f"its sha256 is {partial.sha256}", f"{what.sha256} is expected"
        error = HashMismatch(f"{found} and {expected}", expected=what.sha256, found=partial.sha256)
    elif what.size_bytes is not None and partial.size_bytes != what.size_bytes:
        found, expected = f"it has {partial.size_bytes:,} bytes", f"{what.size_bytes:,} are expected"
        error = HashMismatch(f"{found} and {expected}", expected=what.size_bytes, found=partial.size_bytes)
    elif what.sha256 is None and transport.is_compressed(what.url):
        raise FetchError(
            f"the server compresses it (Content-Encoding: {transport.answer.content_encoding}) although it "
            "was asked not to, and without a sha256 nothing says which bytes are meant"
        )
    else:
        return None
    return _describe(error, partial, what, transport)


def _describe(error: HashMismatch, partial: Partial, what: Download, transport: _Transport) -> HashMismatch:
    """The error with what a person needs to see what the file is instead."""
    looks = f"{partial.size_bytes:,} bytes"
    if transport.answer.content_type:
        looks += f", {transport.answer.content_type[:60]!r}"
    if transport.answer.content_encoding:
        looks += f", Content-Encoding {transport.answer.content_encoding[:20]!r}"
    message = f"{redact_url(what.url)} is not the expected file: {error} ({looks}"
    message += f", beginning with {partial.head[:60]!r})"
    start = partial.head.lstrip().lower()
    if what.remedy is not None:
        message += f"; {what.remedy}"
    elif "html" in transport.answer.content_type.lower() or start.startswith((b"<!doctype html", b"<html")):
        message += "; it looks like a login or error page: open the URL in a browser, or "
        message += _elsewhere(what)
    else:
        message += f"; {_elsewhere(what)}, or report it if the file was updated"
    return HashMismatch(message, path=redact_url(what.url), expected=error.expected, found=error.found)


def _elsewhere(what: Download) -> str:
    """What helps where a file's own places do not give it."""
    if what.sha256 is None:
        return "take the file from elsewhere with 'corpuskit prepare --from PATH'"
    return "get the file elsewhere and add it with 'corpuskit cache add FILE'"


def _wait_s(error: Transient, num_failures: int, what: Download) -> float:
    """How long to wait before the next attempt.

    Raises:
        FetchError: If there is no next attempt.
    """
    options, url = what.options, redact_url(what.url)
    left_s = what.deadline - options.clock()
    if num_failures >= options.max_attempts:
        remedy = "get the file in another way, and say where it is on this machine"
        if what.sha256 is not None:  # a corpus's own file, which may come from anywhere
            remedy = _elsewhere(what)
        raise FetchError(
            f"cannot download {url}: {error} (attempt {num_failures} of {options.max_attempts}); try again "
            f"later, or {remedy}",
            path=url,
        ) from None
    wait_s = options.backoff_s(num_failures)
    if error.retry_after_s is not None:
        if error.retry_after_s > options.max_retry_after_s:
            raise FetchError(
                f"cannot download {url}: {error} and asks to wait {error.retry_after_s:,.0f} seconds, more "
                f"than the {options.max_retry_after_s:,.0f} that are waited; try again then",
                path=url,
            ) from None
        wait_s = max(wait_s, error.retry_after_s)
    if wait_s >= left_s:
        raise FetchError(
            f"cannot download {url}: {error}, and the time limit of {options.total_timeout_s:,.0f} seconds "
            "leaves no time for another attempt; what arrived is kept, and the next run goes on with it",
            path=url,
        ) from None
    return wait_s


class _Transport:
    """Makes attempts at one URL, by requests or by fsspec."""

    def __init__(self, what: Download, session: Session | None) -> None:
        self.answer = http.Answer()
        self._what = what
        self._session = session

    @property
    def length_known(self) -> bool:
        """Whether the end of the file was seen, rather than the end of a connection."""
        what = self._what
        return self.answer.length_known or what.sha256 is not None or what.size_bytes is not None

    def is_compressed(self, url: str) -> bool:
        """Whether the bytes are an encoding of the file that was not asked for."""
        ends = urlsplit(url).path.lower().endswith((".gz", ".tgz"))
        return bool(self.answer.content_encoding) and not (ends and "gzip" in self.answer.content_encoding)

    def attempt(self, partial: Partial, *, fresh: bool) -> None:
        """Make `partial` complete, or raise why not."""
        what = self._what
        max_bytes = what.options.max_bytes if what.size_bytes is None else what.size_bytes

        def on_bytes(total_bytes: int | None) -> None:
            if what.on_progress is not None:
                total = what.size_bytes or total_bytes
                what.on_progress(Progress("fetch", what.label, partial.size_bytes, total))

        budget = Budget(what.options, what.deadline)
        if self._session is None:
            places.read_with_fsspec(what.url, partial, budget=budget, max_bytes=max_bytes, on_bytes=on_bytes)
        else:
            http.download(
                self._session,
                what.url,
                partial,
                answer=self.answer,
                claims=what.claims,
                budget=budget,
                max_bytes=max_bytes,
                fresh=fresh,
                on_bytes=on_bytes,
            )


@contextlib.contextmanager
def _transport(what: Download) -> Iterator[_Transport]:
    if scheme_of(what.url) not in ("http", "https"):
        yield _Transport(what, None)
        return
    with Session() as session:
        yield _Transport(what, session)
