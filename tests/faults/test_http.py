"""Downloads from a server that lies, drawn at random: the right file or a FetchError, and nothing left.

`pytest tests/faults/test_http.py --rounds 5000 --seed night` soaks; a round that fails is named, and the same
line draws it again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import random
import re
import shutil
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching.verified import FetchOptions, fetch
from corpuskit.registry.specs import RemoteFile

_ROUNDS = 60
_ABSURD = ["9" * 5000, "-5", "+5", "1_0", "0x10", "", "nan", "1, 2", "Mon, 99999999999999999999 Jan"]
_LEFT = re.compile(r"locks/(url-)?[0-9a-f]{64}\.lock|partials/(url-)?[0-9a-f]{64}\.[0-9a-f]{16}\.(part|json)")


@dataclasses.dataclass
class Reply:
    """What the server is going to send, as an honest one would, for a fault to change.

    `etag` is None or one value for a whole round: a server that names another version may have another file.
    """

    content: bytes
    start: int
    status: str = "200 OK"
    fields: dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False
    after: bytes = b""
    cut: int | None = None
    end: str = "close"


def honest(content: bytes, start: int, etag: str | None, *, ranges: bool = True) -> Reply:
    reply = Reply(content, start, body=content, fields={"Connection": "close"})
    if etag:
        reply.fields["ETag"] = etag
    if start and ranges and etag:
        reply.status, reply.body = "206 Partial Content", content[start:]
        reply.fields["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    reply.fields["Content-Length"] = str(len(reply.body))
    return reply


def cut(reply: Reply, draw: random.Random) -> None:
    reply.cut, reply.end = draw.randrange(len(reply.body) + 1), draw.choice(["close", "reset", "stall"])


def chunk(reply: Reply, draw: random.Random) -> None:
    del reply.fields["Content-Length"]
    reply.fields["Transfer-Encoding"], reply.chunked = "chunked", True
    if draw.random() < 0.5:
        cut(reply, draw)


def bad_chunks(reply: Reply, draw: random.Random) -> None:
    chunk(reply, draw)
    garbage = draw.choice(
        [b"zz", b"-5", b"", b"F" * 20, b"9" * 5000, b"+5", b"0x5", b" ", b"\x00", b"5;" + b"x" * 70_000]
    )
    reply.after, reply.chunked = garbage + b"\r\nxxxxx\r\n0\r\n\r\n", False


def short(reply: Reply, draw: random.Random) -> None:
    """The first part of the file, called the whole."""
    size = draw.randrange(len(reply.content))
    if reply.status.startswith("206"):
        reply.body = reply.body[: max(size - reply.start, 0)]
        reply.fields["Content-Range"] = f"bytes {reply.start}-{size - 1}/{draw.choice([size, '*'])}"
    else:
        reply.body = reply.body[:size]
    reply.fields["Content-Length"] = str(len(reply.body))
    if draw.random() < 0.3:
        del reply.fields["Content-Length"]
    elif draw.random() < 0.5:
        chunk(reply, random.Random(1))
        reply.cut = None


def longer(reply: Reply, draw: random.Random) -> None:
    extra = draw.randbytes(draw.randrange(1, 999))
    reply.body += extra
    if draw.random() < 0.5:
        reply.fields["Content-Length"] = str(len(reply.body))
    elif draw.random() < 0.5:
        chunk(reply, draw)


def wrong_length(reply: Reply, draw: random.Random) -> None:
    reply.fields["Content-Length"] = str(draw.choice([0, 1, len(reply.body) * 2 + 1, 10**25]))


def wrong_range(reply: Reply, draw: random.Random) -> None:
    size, start = len(reply.content), reply.start
    reply.status = "206 Partial Content"
    reply.fields["Content-Range"] = draw.choice(
        [
            *(
                f"bytes {start + 1}-{size - 1}/{size}",
                f"bytes 0-{size - 1}/{size}",
                f"bytes {start}-{size}/*",
            ),
            *(
                f"bytes {start}-{size - 1}/{size + 1}",
                f"bytes {start}-{start}/*",
                f"bytes */{size}",
                "lines 1",
            ),
            *(f"bytes {start}-{number}/{size}" for number in _ABSURD),
            *(f"bytes {start}-{size - 1}/{number}" for number in _ABSURD),
        ]
    )


def refuse_range(reply: Reply, draw: random.Random) -> None:
    size = len(reply.content)
    total = draw.choice([reply.start, size, size + 1, 0, *_ABSURD])
    reply.status, reply.body = "416 Range Not Satisfiable", b""
    reply.fields.update({"Content-Range": f"bytes */{total}", "Content-Length": "0"})


def fail(reply: Reply, draw: random.Random) -> None:
    reply.status = draw.choice(
        ["500 Oops", "502 Bad", "503 Busy", "429 Slow", "404 Gone", "418 Tea", "600 What"]
    )
    reply.fields.update({"Retry-After": draw.choice([*_ABSURD, "1"]), "Content-Length": "4"})
    reply.body = b"oops"


def redirect(reply: Reply, draw: random.Random) -> None:
    places = [
        "/file",
        "/file",
        "//[",
        "file:///etc/passwd",
        "http://127.0.0.1:1/x",
        "",
        "https://127.0.0.1:1/",
        "\x7f",
    ]
    reply.status, reply.fields["Location"] = draw.choice(["301 M", "302 F", "307 T"]), draw.choice(places)


def absurd(reply: Reply, draw: random.Random) -> None:
    names = [
        "Last-Modified",
        "Date",
        "Age",
        "Set-Cookie",
        "Content-Length",
        "Content-Type",
        "Expires",
        "X: y\r\n Z",
    ]
    reply.fields[draw.choice(names)] = draw.choice(_ABSURD)


def no_http(reply: Reply, draw: random.Random) -> None:
    reply.status, reply.fields = draw.choice(["\r\n\r\n", "99999 x", "abc", "9" * 5000, "100 Continue"]), {}


def silence(reply: Reply, draw: random.Random) -> None:
    reply.status, reply.end = "", draw.choice(["close", "reset", "stall"])


def trailers(reply: Reply, draw: random.Random) -> None:
    chunk(reply, random.Random(1))
    reply.cut, reply.after = None, b"x: y\r\n" * draw.randrange(2000)


def good(reply: Reply, draw: random.Random) -> None:
    """No fault."""


def another_file(reply: Reply, draw: random.Random) -> None:
    """As long as the right one, and of the same version: only a sha256 can tell."""
    reply.body = bytes(255 - byte for byte in reply.body)


Fault = Callable[[Reply, random.Random], None]
FAULTS: list[Fault] = [
    *(good, cut, cut, chunk, bad_chunks, short, short, longer, wrong_length, wrong_range, refuse_range),
    *(refuse_range, fail, redirect, absurd, no_http, silence, trailers),
]


class LyingServer:
    """Answers each request with the next fault of a list, and honestly after the last one."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/file"
        threading.Thread(target=self._accept, daemon=True).start()

    def prepare(self, content: bytes, etag: str | None, faults: list[Fault], draw: random.Random) -> None:
        self.content, self.etag, self.faults, self.draw = content, etag, faults, draw
        self.told: list[str] = []

    def close(self) -> None:
        self.closing.set()
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            request = b""
            while b"\r\n\r\n" not in request:
                if not (data := connection.recv(65536)):
                    return
                request += data
            found = re.search(rb"Range: bytes=(\d+)-", request)
            fault = self.faults.pop(0) if self.faults else good
            ranges = self.draw.random() < 0.8
            reply = honest(self.content, int(found[1]) if found else 0, self.etag, ranges=ranges)
            fault(reply, self.draw)
            self.told.append(f"{fault.__name__}: {reply.status} {reply.fields}"[:200])
            self._send(connection, reply)

    def _send(self, connection: socket.socket, reply: Reply) -> None:
        lines = [f"HTTP/1.1 {reply.status}", *(f"{name}: {value}" for name, value in reply.fields.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        if reply.chunked:
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in _split(body))
            if reply.cut is None:
                body += b"0\r\n" + reply.after + b"\r\n"
        elif reply.after:
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in _split(body)) + reply.after
        connection.sendall(head + body if reply.status else b"")
        if reply.end == "stall":
            connection.settimeout(10)
            connection.recv(1)  # until the other side has had enough
        elif reply.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _split(data: bytes) -> list[bytes]:
    return [data[start : start + 1000] for start in range(0, len(data), 1000)]


@pytest.fixture
def server():
    server = LyingServer()
    yield server
    server.close()


@pytest.fixture
def rounds(request):
    return request.config.getoption("--rounds") or _ROUNDS


@pytest.fixture
def seed(request):
    return request.config.getoption("--seed")


def options() -> FetchOptions:
    now = [1000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return FetchOptions(
        connect_timeout_s=5.0,
        read_timeout_s=0.05,
        max_attempts=4,
        checkpoint_bytes=1024,
        clock=lambda: now[0],
        now=lambda: now[0],
        sleep=sleep,
        random=lambda: 1.0,
    )


def check_failure(message: str, cache_dir: Path) -> None:
    """A failed download says so in one line, and leaves one unfinished file and its record, or nothing."""
    assert "\n" not in message
    names = [str(path.relative_to(cache_dir)) for path in cache_dir.rglob("*") if path.is_file()]
    assert [name for name in names if not _LEFT.fullmatch(name)] == []
    assert sum(name.startswith("partials/") for name in names) in (0, 2)


def one_round(server: LyingServer, cache_dir: Path, draw: random.Random, *, known: bool) -> str:
    """Up to three runs, each of which may go on with what the one before left; how the last one ended."""
    content = draw.randbytes(draw.choice([1, 1000, 20_000, 70_000]))
    etag = draw.choice(['"v1"', '"v1"', 'W/"v1"', None])
    sha256 = hashlib.sha256(content).hexdigest()
    file = RemoteFile(server.url, sha256=sha256 if known else None)
    possible = [*FAULTS, another_file] if known else FAULTS
    for _ in range(3):
        faults = draw.choices(possible, k=draw.randrange(8))
        if not known:
            faults.insert(0, cut)  # without a sha256, what a file is must have been said once
        server.prepare(content, etag, faults, draw)
        try:
            found = fetch(file, cache_dir=cache_dir, options=options())
        except FetchError as error:
            check_failure(str(error), cache_dir)
            continue
        assert found.path.read_bytes() == content
        assert not list(cache_dir.glob("partials/*"))
        return "right file"
    return "error"


@pytest.mark.parametrize("known", [True, False], ids=["sha256", "no sha256"])
@pytest.mark.fault("N1", "N3", "N7", "N8", "N10", "N11")
def test_a_lying_server_never_gives_another_file(server, tmp_path, rounds, seed, known):
    ends: Counter[str] = Counter()
    for number in range(rounds):
        draw = random.Random(f"{seed}-{number}")
        try:
            ends[one_round(server, tmp_path / str(number), draw, known=known)] += 1
        except BaseException as error:
            told = "\n".join(server.told)
            raise AssertionError(f"round {number} of --seed {seed}, after {ends}:\n{told}") from error
        shutil.rmtree(tmp_path / str(number))
    print(f"{rounds:,} rounds of --seed {seed}: {dict(ends)}")
    assert ends["right file"] > rounds // 10
