"""What tests of several rooms use: an S3 server on loopback with a proxy before it, texts, comparisons."""

from __future__ import annotations

import filecmp
import http.client
import json
import logging
import random
import secrets
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

#: Shown nowhere: not in manifests, errors or logs.
SECRET = "CANARYsecret0123456789"
KEY_ID = "AKIACANARY0123456789"


@pytest.fixture
def prepared(tmp_path):
    """Prepares a small text of its own with a tokenizer; gives the corpus's folder."""
    import corpuskit

    def make(name, encoding):
        text = tmp_path / f"{name}.txt"
        output = tmp_path / name
        text.write_text("".join(f"{name} {number} is a line of text\n" for number in range(400)))
        corpuskit.prepare(str(text), encoding=encoding, name=name, output=output)
        return str(output)

    return make


class Request:
    """What the proxy saw: the method, the key in the bucket, and the query."""

    def __init__(self, method: str, target: str) -> None:
        path, _, self.query = target.partition("?")
        self.method = method
        self.bucket, _, self.key = path.strip("/").partition("/")

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]

    def __repr__(self) -> str:
        return f"{self.method} {self.key}?{self.query}"


class Proxy(ThreadingHTTPServer):
    """Passes requests on to the store, unless `fault` says something else about one.

    `fault(request)` returns None, a status to answer, "cut" (close the connection at once), "lose" (pass it
    on and close the connection instead of answering), "lose:500" (pass it on and answer 500), "flip" (change
    the first byte of the answer), or "hold" (wait until `release` is set).
    """

    daemon_threads = True

    def __init__(self, store: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = store
        self.reset()

    def reset(self) -> None:
        self.fault = lambda request: None
        self.requests: list[Request] = []
        self.sent: list[int] = []  # bytes of each answer to a GET
        self.held = threading.Event()
        self.release = threading.Event()

    def seen(self, method: str, name: str = "", query: str = "") -> list[Request]:
        return [r for r in self.requests if r.method == method and name in r.key and query in r.query]

    def handle_error(self, request, client_address) -> None:
        pass  # clients that were killed


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path)
        self.server.requests.append(request)
        fault = self.server.fault(request)
        if fault == "hold":
            self.server.held.set()
            self.server.release.wait(30)
            fault = "cut"
        if fault == "cut":
            self.cut()
        elif isinstance(fault, int):
            code = {503: "SlowDown", 500: "InternalError", 403: "ExpiredToken"}[fault]
            self.answer(fault, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())
        else:
            self.forward(body, fault)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

    def forward(self, body: bytes, fault: str | None) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        connection = http.client.HTTPConnection(*self.server.store, timeout=30)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if fault == "lose":
            self.cut()
        elif fault == "lose:500":
            self.answer(500, b"<Error><Code>InternalError</Code><Message>x</Message></Error>")
        elif fault == "flip":
            self.answer(answer.status, bytes([data[0] ^ 1]) + data[1:], answer)
        else:
            self.answer(answer.status, data, answer)

    def answer(self, status: int, data: bytes, like: http.client.HTTPResponse | None = None) -> None:
        self.send_response_only(status)
        length = None
        for name, value in like.getheaders() if like else [("Content-Type", "application/xml")]:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        if self.command == "GET":
            self.server.sent.append(len(data))

    def log_message(self, *args) -> None:
        pass

    def cut(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


@pytest.fixture(scope="session")
def _proxy():
    pytest.importorskip("s3fs")
    pytest.importorskip("moto.server")
    from moto.server import ThreadedMotoServer
    from werkzeug.serving import WSGIRequestHandler

    WSGIRequestHandler.disable_nagle_algorithm = True
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    proxy = Proxy(server.get_host_and_port())
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield proxy
    proxy.shutdown()
    proxy.server_close()
    server.stop()


@pytest.fixture
def s3(_proxy, monkeypatch, tmp_path):
    """The proxy of an S3 server, which the environment points to; everything else of AWS's is hidden."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    values = {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{_proxy.server_port}",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()  # those of another server, which other tests have made
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)  # its own attempts wait longer than tests can
    _proxy.reset()
    return _proxy


@pytest.fixture
def times():
    """A fault of the proxy for the first so many requests that match: `s3.fault = times(2, 500, matches)`."""

    def times(count, fault, matches):
        left = [count]

        def check(request):
            if matches(request) and left[0]:
                left[0] -= 1
                return fault
            return None

        return check

    return times


@pytest.fixture
def bucket(s3) -> str:
    """The URL of an empty bucket."""
    import fsspec

    name = f"bucket-{secrets.token_hex(4)}"  # the servers of a process share what they hold
    fsspec.filesystem("s3").mkdir(name)
    s3.requests.clear()
    return f"s3://{name}"


@pytest.fixture
def cache_dir(tmp_path, monkeypatch) -> Path:
    """A cache of the test's own."""
    path = tmp_path / "cache"
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(path))
    monkeypatch.delenv("CORPUSKIT_SHARD_CACHE_BYTES", raising=False)
    return path


@pytest.fixture
def no_waiting(monkeypatch):
    """Waits between attempts are drawn, and the draw is always nothing."""
    from corpuskit.fetching.options import FetchOptions

    plain = FetchOptions.__init__

    def init(self, *args, **kwargs):
        plain(self, *args, **{"random": lambda: 0.0, **kwargs})

    monkeypatch.setattr(FetchOptions, "__init__", init)


@pytest.fixture
def texts(tmp_path) -> Path:
    """JSON Lines of about 200 kB."""
    generator = random.Random(5)
    path = tmp_path / "texts.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(700):
            words = " ".join(generator.choices(["one", "två", "three", "四"], k=generator.randint(1, 110)))
            file.write(json.dumps({"text": f"{number} {words}"}) + "\n")
    return path


#: Small parts and shards, so that there are many.
OPTIONS = {
    "encoding": "bytes",
    "split": "valid=0.1",
    "part_bytes": 70_000,
    "shard_bytes": 60_000,
    "workers": 1,
}


@pytest.fixture
def options() -> dict:
    return dict(OPTIONS)


@pytest.fixture
def said(tmp_path) -> Path:
    """About 60 kB of conversations, whose corpora have a loss beside the ids with `CHAT`."""
    generator = random.Random(6)
    path = tmp_path / "said.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(400):
            turns = [
                " ".join(generator.choices(["one", "två", "四"], k=generator.randint(1, 30))) for _ in "ab"
            ]
            roles = [
                {"role": role, "content": one} for role, one in zip(("user", "assistant"), turns, strict=True)
            ]
            file.write(json.dumps({"id": f"{number}", "messages": roles}) + "\n")
    return path


@pytest.fixture
def chat_options() -> dict:
    """Small parts and shards of conversations."""
    return {**OPTIONS, "part_bytes": 20_000, "shard_bytes": 4_000, "format": "chat", "add_tokens": True}


@pytest.fixture
def keys(s3):
    """What is below a URL, by what follows it."""

    def below(url: str) -> dict[str, bytes]:
        import fsspec

        filesystem = fsspec.filesystem("s3")
        filesystem.invalidate_cache()
        root = url.removeprefix("s3://")
        return {path.removeprefix(root + "/"): filesystem.cat_file(path) for path in filesystem.find(root)}

    return below


@pytest.fixture
def files():
    """What is in a folder, by name."""

    def inside(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}

    return inside


@pytest.fixture
def prose(tmp_path: Path) -> Path:
    """A text of about 200 kB in several scripts, of which no line is empty, the same every time."""
    words = [
        "the",
        "of",
        "and",
        "Wörter",
        "слова",
        "単語",
        "emoji",
        "🙂",
        "2024",
        "don't",
        "e.g.",
        "x+y=z",
        "https://example.org",
    ]
    generator = random.Random(7)
    lines = []
    for _ in range(3000):
        lines.append(" ".join(generator.choices(words, k=generator.randint(1, 16))))
    path = tmp_path / "prose.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def differences(one: Path, other: Path) -> list[str]:
    """The files in which two corpora differ, run.json aside."""
    names = {path.name for folder in (one, other) for path in folder.iterdir()} - {"run.json"}
    _, different, missing = filecmp.cmpfiles(one, other, sorted(names), shallow=False)
    return different + missing


@pytest.fixture
def assert_same():
    def check(one: Path, other: Path) -> None:
        assert differences(one, other) == []

    return check
