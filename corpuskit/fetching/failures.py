"""What went wrong on the way, in our own words.

The errors and the logs of the libraries below hold URLs, and URLs may hold credentials.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
import urllib3

from corpuskit.errors import CorpuskitError, FetchError
from corpuskit.fetching.options import FetchOptions, Transient

_NO_URL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationValueError,
    UnicodeError,
)


def failure_of(error: BaseException, url: str, options: FetchOptions) -> Exception:
    """Our own sentence for what a library below raised, from what lies at the bottom of it."""
    causes = list(_causes(error))
    host = urlsplit(url).hostname or "the host"

    def caused_by(*kinds: type[BaseException]) -> BaseException | None:
        return next((cause for cause in causes if isinstance(cause, kinds)), None)

    if ours := caused_by(CorpuskitError):
        return FetchError(str(ours))
    if certificate := caused_by(ssl.SSLCertVerificationError):
        why = getattr(certificate, "verify_message", "") or "it could not be verified"
        return FetchError(f"the certificate of {host} is not trusted: {why}")
    if caused_by(requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
        return Transient("the proxy cannot be reached or refuses")
    if caused_by(ssl.SSLError):
        return Transient(f"no secure connection to {host} could be made")
    if caused_by(socket.gaierror):
        return Transient(f"the name {host} cannot be resolved")
    if caused_by(ConnectionRefusedError):
        return Transient(f"{host} refuses the connection")
    if caused_by(requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError):
        return Transient(f"{host} did not accept a connection within {options.connect_timeout_s:g} seconds")
    if caused_by(requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return Transient(f"the server sent nothing for {options.read_timeout_s:g} seconds")
    if caused_by(ConnectionResetError, BrokenPipeError):
        return Transient("the connection was reset")
    if caused_by(urllib3.exceptions.ProtocolError, http.client.HTTPException):
        return Transient("the connection was cut")
    if caused_by(requests.exceptions.InvalidHeader, urllib3.exceptions.InvalidHeader):
        return Transient("the server's headers contradict each other")
    if caused_by(*_NO_URL):
        return FetchError("it is not a URL that can be asked for")
    return Transient(f"the request failed ({type(causes[-1]).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it wraps, each once."""
    waiting: list[object] = [error]
    seen: list[object] = []
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or any(current is one for one in seen):
            continue
        seen.append(current)
        yield current
        waiting += [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]
