"""A store that is down is not one that has nothing."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading

import pytest

import corpuskit
from corpuskit.errors import CorpusFormatError, StorageError
from corpuskit.fetching.verified import FetchOptions
from corpuskit.stores.base import Store
from corpuskit.urls import RemotePath

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")


@pytest.fixture
def answering():
    """Make a server that answers every request with one status."""
    pytest.importorskip("aiohttp")
    with contextlib.ExitStack() as stack:

        def start(status):
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

                do_HEAD = do_GET

                def log_message(self, *arguments):
                    pass

            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            return f"http://127.0.0.1:{server.server_port}/corpus"

        yield start


@pytest.fixture
def store():
    options = FetchOptions(sleep=lambda seconds: None, max_attempts=2)
    return lambda url: Store(RemotePath(url), options)


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_none(answering, store, status):
    store = store(answering(status))
    assert (store.read("manifest.json", max_bytes=9), store.size("manifest.json")) == (None, None)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, "the server answered 500 Internal Server Error"),
        (503, "the server answered 503 Service Unavailable"),
        (429, "the server answered 429 Too Many Requests"),
        (401, "access is denied"),
        (403, "access is denied"),
        (418, "the server answered 418"),
    ],
)
def test_a_store_that_refuses_says_so(answering, store, status, reason):
    store = store(answering(status))
    for call in (lambda: store.read("manifest.json", max_bytes=9), lambda: store.size("manifest.json")):
        with pytest.raises(StorageError, match=reason):
            call()


@pytest.mark.fault("N14")
def test_a_store_that_is_down_is_not_called_no_corpus(monkeypatch):
    pytest.importorskip("aiohttp")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(StorageError, match=r"cannot read http://127\.0\.0\.1:\d+/x/manifest\.json: .*onnect"):
        corpuskit.open(f"http://127.0.0.1:{port}/x")


def test_a_store_without_a_manifest_is_no_corpus(answering):
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        corpuskit.open(answering(404))
