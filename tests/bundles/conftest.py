from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import corpuskit


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A corpus of two splits, some shards and kept fields, in the folder `made`."""
    monkeypatch.chdir(tmp_path)
    lines = "".join(f'{{"text": "document {n} of many", "url": "u{n}"}}\n' for n in range(120))
    (tmp_path / "mine.jsonl").write_text(lines)
    corpuskit.prepare(
        "mine.jsonl",
        encoding="bytes",
        output="made",
        split="valid=0.3",
        keep="url",
        shard_bytes=1500,
        progress=False,
    )
    return tmp_path / "made"


class Site(ThreadingHTTPServer):
    """A web server over a folder; `asked` has the paths of all requests."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.asked: list[str] = []
        threading.Thread(target=partial(self.serve_forever, 0.01), daemon=True).start()

    def url(self, path=""):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        self.server.asked.append(self.path)


@pytest.fixture
def site_over():
    """Serves folders over HTTP on loopback."""
    sites = []

    def serve(folder):
        sites.append(Site(folder))
        return sites[-1]

    yield serve
    for site in sites:
        site.shutdown()
        site.server_close()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Goes to a machine of a name, with a cache of its own and no vocabularies of packages."""
    for name in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR", "CORPUSKIT_DENY_PRIVATE"):
        monkeypatch.delenv(name, raising=False)

    def go(name, *, offline=False, mirrors="", packages=False):
        import tiktoken.registry

        from corpuskit.fetching import mirrors as room
        from corpuskit.fetching import packaged
        from corpuskit.tokenizers import vocabulary

        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(folder / "cache"))
        monkeypatch.setenv("CORPUSKIT_OFFLINE", str(int(offline)))
        monkeypatch.setenv("CORPUSKIT_MIRRORS", mirrors)
        monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
        room._index_on_web.cache_clear()
        if not packages:
            monkeypatch.setattr(vocabulary, "_PACKAGED", {})
            monkeypatch.setattr(packaged, "_FILES", {})
        return folder

    return go
