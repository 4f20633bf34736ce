"""A loopback web server that does what a script says, broken framing included."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpuskit.fetching.verified import FetchOptions
from corpuskit.registry.specs import RemoteFile

CONTENT = bytes(range(256)) * 400  # 102,400 bytes


@dataclasses.dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]


class Server:
    """Each path has a list of steps, one a request; the last one is repeated. A step writes raw bytes."""

    def __init__(self, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> None:
        self.content = CONTENT
        self.steps: dict[str, list[Callable[[socket.socket, Request], None]]] = {}
        self.requests: list[Request] = []
        self.bytes_sent = 0
        self._tls = tls
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server((host, 0), backlog=64)
        self.host, self.port = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, target: str = "/file.txt") -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}{target}"

    def remote(self, target: str = "/file.txt", **fields: object) -> RemoteFile:
        """The file that the server should give."""
        known = {"sha256": hashlib.sha256(self.content).hexdigest(), "size_bytes": len(self.content)}
        return RemoteFile(self.url(target), **{**known, **fields})

    def script(self, *steps: Callable[[socket.socket, Request], None], path: str = "/file.txt") -> None:
        self.steps[path] = list(steps)

    def close(self) -> None:
        self._closing.set()
        self._listener.close()

    # steps

    def file(
        self,
        *,
        content: bytes | None = None,
        etag: str | None = '"v1"',
        modified: str | None = None,
        cut: int | None = None,
        then: str = "close",
        ranges: bool = True,
        chunked: bool = False,
        length: bool = True,
        headers: dict[str, str] | None = None,
        range_headers: dict[str, str] | None = None,
    ) -> Callable[[socket.socket, Request], None]:
        """A web server as it should be, but for what is said.

        `cut` stops the body after so many bytes, and `then` closes, resets or stalls the connection.
        """

        def step(connection: socket.socket, request: Request) -> None:
            body = self.content if content is None else content
            fields = {"Content-Type": "text/plain"}
            if etag:
                fields["ETag"] = etag
            if modified:
                fields["Last-Modified"] = modified
            wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
            status = "200 OK"
            if ranges and wanted and request.headers.get("if-range") in (etag or modified, None):
                start = int(wanted[1])
                if start >= len(body):
                    status = "416 Range Not Satisfiable"
                    fields["Content-Range"] = f"bytes */{len(body)}"
                    body = b""
                else:
                    status = "206 Partial Content"
                    fields["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                    body = body[start:]
                fields.update(range_headers or {})
            if chunked:
                fields["Transfer-Encoding"] = "chunked"
            elif length:
                fields["Content-Length"] = str(len(body))
            fields.update(headers or {})
            self.send(connection, self.head(status, fields))
            sent = body if cut is None else body[:cut]
            if chunked:
                for start in range(0, len(sent), 4096):
                    piece = sent[start : start + 4096]
                    self.send(connection, b"%x\r\n%s\r\n" % (len(piece), piece))
                if cut is None:
                    self.send(connection, b"0\r\n\r\n")
            else:
                self.send(connection, sent)
            self.bytes_sent += len(sent)
            if cut is not None and then == "stall":
                self._closing.wait(10)
            if cut is not None and then == "reset":
                # What was sent must have arrived: a reset drops it from the receiver's buffer.
                threading.Event().wait(0.02)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        return step

    def status(self, status: str, **headers: str) -> Callable[[socket.socket, Request], None]:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda connection, _: self.send(
            connection, self.head(status, {"Content-Length": "4", **fields}) + b"oops"
        )

    def redirect(self, location: str) -> Callable[[socket.socket, Request], None]:
        return self.status("302 Found", Location=location)

    def endless(self) -> Callable[[socket.socket, Request], None]:
        def step(connection: socket.socket, _: Request) -> None:
            self.send(connection, self.head("200 OK", {}))
            while not self._closing.is_set():
                self.send(connection, bytes(65536))

        return step

    def drip(self, size_bytes: int = 102_400) -> Callable[[socket.socket, Request], None]:
        def step(connection: socket.socket, _: Request) -> None:
            self.send(connection, self.head("200 OK", {"Content-Length": str(size_bytes)}))
            while not self._closing.wait(0.002):
                self.send(connection, b"x")

        return step

    def drip_headers(self) -> Callable[[socket.socket, Request], None]:
        def step(connection: socket.socket, _: Request) -> None:
            self.send(connection, b"HTTP/1.1 200 OK\r\nX: ")
            while not self._closing.wait(0.002):
                self.send(connection, b"x")

        return step

    # machinery

    @staticmethod
    def head(status: str, fields: dict[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status}", "Connection: close", *(f"{k}: {v}" for k, v in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")

    @staticmethod
    def send(connection: socket.socket, data: bytes) -> None:
        connection.sendall(data)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            connection.settimeout(10)
            if self._tls is not None:
                connection = stack.enter_context(self._tls.wrap_socket(connection, server_side=True))
            request = self._read(connection)
            with self._lock:
                self.requests.append(request)
                steps = self.steps[request.target.partition("?")[0]]
                step = steps.pop(0) if len(steps) > 1 else steps[0]
            step(connection, request)

    @staticmethod
    def _read(connection: socket.socket) -> Request:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := connection.recv(65536)):
                raise ConnectionError
            data += piece
        first, *lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        fields = (line.partition(":") for line in lines)
        return Request(method, target, {name.lower(): value.strip() for name, _, value in fields})


class FakeTime:
    """A clock that moves when somebody sleeps, and keeps how long they did."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def options(self, **changes: object) -> FetchOptions:
        """Limits for tests: real sockets with short timeouts, waits that take no time."""
        defaults = {
            "connect_timeout_s": 2.0,
            "read_timeout_s": 2.0,
            "total_timeout_s": 3600.0,
            "clock": lambda: self.now,
            "now": lambda: self.now,
            "sleep": self.sleep,
            "random": lambda: 1.0,
        }
        return FetchOptions(**{**defaults, **changes})


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def other_server() -> Iterator[Server]:
    """A server of another origin: on Linux every 127.x.y.z is this machine."""
    server = Server("127.0.0.2")
    yield server
    server.close()


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[Server]:
    """A server whose certificate nobody has signed."""
    subprocess = pytest.importorskip("subprocess")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    try:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-nodes", "-days", "2"),
                *("-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate),
            ],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl to make a certificate with")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server(tls=context)
    yield server
    server.close()


@pytest.fixture
def fake() -> FakeTime:
    return FakeTime()


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "CORPUSKIT_MIRRORS",
        "CORPUSKIT_OFFLINE",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
