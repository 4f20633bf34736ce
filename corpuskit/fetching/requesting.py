"""Requests for one URL: redirects are followed by hand, and what goes wrong is told in our own words.

The texts of the libraries below hold URLs, and URLs may hold credentials.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from corpuskit.errors import FetchError
from corpuskit.fetching.failures import failure_of
from corpuskit.fetching.options import Transient
from corpuskit.fetching.waiting import Budget, Late, call_within
from corpuskit.fetching.wire import within
from corpuskit.urls import redact_url

log = logging.getLogger(__name__)

_T = TypeVar("_T")

_REDIRECTS = (301, 302, 303, 307, 308)


def get(session: requests.Session, url: str, fields: dict[str, str], budget: Budget) -> requests.Response:
    """The answer to a GET after all redirects; not yet read."""
    if not _is_url(url):
        raise FetchError("it is not a URL that can be asked for")
    current, userinfo = _split_credentials(url)
    auth = _authentication(current, userinfo, budget.options.authorization)
    first_auth, first_origin = auth, _origin(current)
    chain, max_redirects = [redact_url(current)], budget.options.max_redirects
    while True:
        response = _request(session, current, auth, fields, budget)
        location = response.headers.get("Location", "")
        if response.status_code not in _REDIRECTS or not location:
            return response
        response.close()
        target, userinfo = _redirect_target(current, location)
        auth = _authentication(target, userinfo, budget.options.authorization)
        chain.append(redact_url(target))
        if len(chain) > max_redirects + 1:
            raise FetchError(
                f"more than {max_redirects} redirects: {' -> '.join([chain[0], '...', *chain[-2:]])}"
            )
        if auth is None and _origin(target) == first_origin:
            auth = first_auth
        log.debug("redirected to %s", chain[-1])
        current = target


def _authentication(
    url: str, userinfo: tuple[bytes, bytes] | None, given: tuple[str, str] | None
) -> AuthBase | None:
    """What a request says of who asks: user and password of its URL, else what is given for its server."""
    if userinfo is not None:
        return HTTPBasicAuth(*userinfo)
    return _Authorization(given[1]) if given is not None and _origin(given[0]) == _origin(url) else None


class _Authorization(AuthBase):
    """A header as it is; given as `auth`, because requests would put that of ~/.netrc over any other."""

    def __init__(self, said: str) -> None:
        self._said = said

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._said
        return request


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
    auth: AuthBase | None,
    fields: dict[str, str],
    budget: Budget,
) -> requests.Response:
    options, left_s = budget.options, max(budget.left_s, 0.001)
    timeout = (min(options.connect_timeout_s, left_s), min(options.read_timeout_s, left_s))

    def ask() -> requests.Response:
        with within(budget):
            return session.get(
                url, headers=fields, auth=auth, timeout=timeout, stream=True, allow_redirects=False
            )

    # Connecting may try several addresses, and a proxy first.
    longest_s = min(3 * timeout[0] + 2 * timeout[1], left_s + 1)
    late = "the server did not finish its answer's headers in time"
    return told(lambda: call_within(longest_s, ask, discard=_close), url, budget, late)


def _close(response: requests.Response) -> None:
    response.close()


def told(action: Callable[[], _T], url: str, budget: Budget, late: str = "") -> _T:
    """What `action` returns; what it raises is told in our own words.

    Raises:
        Transient: If another attempt may do better.
        FetchError: If not.
    """
    failure: Exception
    try:
        return action()
    except Late:
        budget.abandon()
        failure = Transient(late)
    except (Transient, FetchError) as error:
        failure = error
    except Exception as error:  # headers and bodies from outside make libraries raise anything
        failure = failure_of(error, url, budget.options)
    failure.__context__ = None
    raise failure


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
