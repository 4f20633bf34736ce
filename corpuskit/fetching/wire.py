"""Connections of requests and urllib3 whose every read asks how much time is left.

A socket's timeout begins again with each byte, and http.client reads status lines, headers, chunk sizes and
trailers in loops of its own. So what it reads from is replaced, below all of them.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from corpuskit.errors import FetchError
from corpuskit.fetching.logs import redact_logs
from corpuskit.fetching.places import denies_private, is_private
from corpuskit.fetching.waiting import Budget

_thread = threading.local()

_LINE_BYTES = 65_536
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n")


class Session(requests.Session):
    """Connections and cookies of one download, with redirects left to us."""

    def __init__(self) -> None:
        super().__init__()
        redact_logs()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: requests reads the whole body of a redirect, however long, even if told not to follow."""
        return None


@contextlib.contextmanager
def within(budget: Budget) -> Iterator[None]:
    """Answers that this thread asks for are read within the budget, their bodies included."""
    _thread.budget, _thread.answers = budget, []
    try:
        yield
    except BaseException:
        for answer in _thread.answers:  # urllib3 drops those whose headers it cannot take
            answer.close()
        raise
    finally:
        del _thread.budget, _thread.answers


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        _limit(self.poolmanager)

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        _limit(manager)
        return manager


def _limit(manager: urllib3.PoolManager) -> None:
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _limited_pool(pools[scheme]) for scheme in pools}


@cache
def _limited_pool(pool: Any) -> Any:
    """The class of connection pools, of plain, TLS or SOCKS connections, with our connections."""
    if issubclass(pool.ConnectionCls, _Limited):
        return pool
    connection = type(pool.ConnectionCls.__name__, (_Limited, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Answer(http.client.HTTPResponse):
    """An answer whose bytes come through a `_Reader`, and whose chunks are what they say.

    http.client takes `-5` for the size of a chunk, and then what frames the body for the body. It does not
    look at what ends a chunk either.
    """

    chunk_left: int | None

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        budget: Budget | None = getattr(_thread, "budget", None)
        if budget is not None:
            self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, budget))
            _thread.answers.append(self)

    def _get_chunk_left(self) -> int | None:
        if not self.chunk_left:
            if self.chunk_left is not None and self.fp.read(2) != b"\r\n":
                raise http.client.IncompleteRead(b"")
            size = _CHUNK_SIZE.fullmatch(self.fp.readline(_LINE_BYTES))
            if size is None:
                raise http.client.IncompleteRead(b"")
            self.chunk_left = int(size[1], 16) or None
            if self.chunk_left is None:
                self._read_and_discard_trailer()  # type: ignore[attr-defined]
                self._close_conn()  # type: ignore[attr-defined]
        return self.chunk_left


class _Limited:
    """What is added to a class of connections."""

    response_class = _Answer
    proxy: Any

    def _new_conn(self) -> socket.socket:
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]
        # The address that is connected to, so that no second look-up can give another one.
        if self.proxy is None and denies_private() and is_private(connected.getpeername()[0]):
            connected.close()
            raise FetchError("it is at a private address, which CORPUSKIT_DENY_PRIVATE forbids")
        return connected


class _Reader(io.RawIOBase):
    """What a socket receives, within a budget."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, budget: Budget) -> None:
        super().__init__()
        self._raw, self._sock, self._budget = raw, sock, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._sock.settimeout(self._budget.wait_s())
        return self._raw.readinto(buffer)

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
