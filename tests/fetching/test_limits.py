"""Limits of time and of place that hold inside the libraries below."""

from __future__ import annotations

import socket
import threading

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching import wire
from corpuskit.fetching.places import is_private
from corpuskit.fetching.verified import FetchOptions, fetch
from corpuskit.registry.specs import RemoteFile

#: More than any limit below lets through; a fetch that reads all of it has no limit.
_ENDLESS_BYTES = 64 * 2**20
_CHUNKED = {"Transfer-Encoding": "chunked"}


class Endless:
    """A step that sends a beginning, and pieces until nobody reads them, which sets `ended`."""

    def __init__(self, beginning: bytes, piece: bytes, end: bytes = b"") -> None:
        self.beginning, self.piece, self.end = beginning, piece, end
        self.ended = threading.Event()

    def __call__(self, connection, request) -> None:
        try:
            connection.sendall(self.beginning)
            for _ in range(_ENDLESS_BYTES // len(self.piece)):
                connection.sendall(self.piece)
            connection.sendall(self.end)
        except OSError:
            self.ended.set()


def endless(server, kind):
    head = server.head
    chunked = head("200 OK", _CHUNKED) + b"4\r\nbody\r\n"
    line = b"x: " + b"y" * 60_000 + b"\r\n"
    return {
        "trailers": Endless(chunked + b"0\r\n", line, b"\r\n"),
        "short trailers": Endless(chunked + b"0\r\n", b"x: y\r\n" * 1000, b"\r\n"),
        "body": Endless(head("200 OK", {}), bytes(65536)),
        "chunks": Endless(head("200 OK", _CHUNKED), b"1\r\nx\r\n" * 1000, b"0\r\n\r\n"),
        "chunk extensions": Endless(head("200 OK", _CHUNKED), b"1;" + b"e" * 60_000 + b"\r\nx\r\n"),
        "interim answers": Endless(b"", b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\n" * 1000),
        "status line": Endless(b"HTTP/1.1 200 ", b"x" * 65536),
        "one header": Endless(b"HTTP/1.1 200 OK\r\nx: ", b"x" * 65536),
        "headers": Endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 1000),
        "trailers of an answer that is no file": Endless(
            head("404 Not Found", _CHUNKED) + b"4\r\nbody\r\n0\r\n", b"x: y\r\n" * 1000
        ),
        "body of a redirect": Endless(head("302 Found", {"Location": "/file.txt"}), bytes(65536)),
    }[kind]


KINDS = [
    *("trailers", "short trailers", "body", "chunks", "chunk extensions", "interim answers", "status line"),
    *("one header", "headers", "trailers of an answer that is no file", "body of a redirect"),
]


def ticking(fake, seconds=1.0):
    """A clock that moves at every look, so that a limit is reached after a number of reads."""

    def clock():
        fake.now += seconds
        return fake.now

    return clock


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.fault("N13")
def test_no_part_of_an_answer_may_go_on_for_ever(server, cache_dir, fake, kind):
    step = endless(server, kind)
    server.script(step)
    options = fake.options(clock=ticking(fake), total_timeout_s=60, read_timeout_s=5.0, max_attempts=2)
    with pytest.raises(FetchError):
        fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=options)
    step.ended.wait()  # no thread of ours goes on reading
    assert not list(cache_dir.glob("files/*/*"))


@pytest.mark.parametrize("kind", ["trailers", "short trailers"])
def test_what_frames_a_body_does_not_count_as_a_transfer(server, cache_dir, fake, kind):
    step = endless(server, kind)
    server.script(step)
    options = fake.options(clock=ticking(fake), total_timeout_s=10.0**6, rate_window_s=20, max_attempts=1)
    with pytest.raises(FetchError, match="sends only 0 bytes of the file a second after 4 bytes"):
        fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=options)
    step.ended.wait()


def test_redirects_count_against_the_time_limit(server, cache_dir, fake):
    server.script(server.redirect("/file.txt"))
    options = fake.options(clock=ticking(fake), total_timeout_s=60, max_redirects=10**9)
    with pytest.raises(FetchError, match="time limit"):
        fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=options)
    assert len(server.requests) < 60


def test_a_server_that_never_finishes_its_greeting_is_left(cache_dir, fake):
    """TLS: bytes come one by one, and the handshake is never done."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip():
        connection, _ = listener.accept()
        try:
            for byte in b"\x16\x03\x03\x40\x00" + bytes(10**6):
                connection.sendall(bytes([byte]))
                ended.wait(0.002)
        except OSError:
            ended.set()
        connection.close()

    threading.Thread(target=drip, daemon=True).start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/x"
    options = fake.options(connect_timeout_s=0.1, read_timeout_s=0.1, max_attempts=1)
    with listener, pytest.raises(FetchError, match="cannot download"):
        fetch(RemoteFile(url), cache_dir=cache_dir, options=options)
    ended.wait()


def test_a_file_system_that_hangs_is_left(cache_dir, monkeypatch):
    import fsspec

    system, release = fsspec.filesystem("memory"), threading.Event()

    class Hanging:
        size = None

        def read(self, size):
            release.wait(30)
            return b""

        def close(self):
            pass

    monkeypatch.setattr(type(system), "open", lambda self, path, mode="rb", **options: Hanging())
    options = FetchOptions(total_timeout_s=0.2, max_attempts=1)
    with pytest.raises(FetchError, match="the time limit was reached"):
        fetch(RemoteFile("memory://limits/a.txt"), cache_dir=cache_dir, options=options)
    release.set()


PRIVATE = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_internet_is_private(address):
    assert is_private(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_not_private(address):
    assert not is_private(address)


@pytest.fixture
def internet(monkeypatch):
    """Names for the two loopback servers: one plays a public host, and one is inside."""
    addresses = {"public.test": "127.0.0.2", "inside.test": "127.0.0.1"}

    def resolve(host, port, *arguments, **options):
        address = addresses.get(host, host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port)))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(wire, "is_private", lambda address: address != "127.0.0.2")
    return addresses


@pytest.mark.parametrize("host", ["inside.test", "127.0.0.1", "localhost", "user:pw@inside.test"])
@pytest.mark.fault("S1")
def test_a_redirect_to_a_private_address_is_refused_where_that_is_asked_for(
    server, other_server, cache_dir, fake, internet, monkeypatch, host
):
    internet["localhost"] = "127.0.0.1"
    inside = f"http://{host}:{server.port}/file.txt"
    server.script(server.file())
    other_server.script(other_server.redirect(inside))
    url = f"http://public.test:{other_server.port}/file.txt"
    monkeypatch.setenv("CORPUSKIT_DENY_PRIVATE", "1")
    with pytest.raises(FetchError, match="private address, which CORPUSKIT_DENY_PRIVATE forbids"):
        fetch(server.remote(mirrors=()), cache_dir=cache_dir, options=fake.options(), location=url)
    assert (server.requests, fake.slept) == ([], [])
    monkeypatch.setenv("CORPUSKIT_DENY_PRIVATE", "0")
    fetch(server.remote(mirrors=()), cache_dir=cache_dir, options=fake.options(), location=url)


def test_a_public_address_may_be_used_and_a_private_one_not_even_at_first(
    server, other_server, cache_dir, fake, internet, monkeypatch
):
    monkeypatch.setenv("CORPUSKIT_DENY_PRIVATE", "1")
    other_server.script(other_server.file())
    fetch(
        RemoteFile(f"http://public.test:{other_server.port}/file.txt"),
        cache_dir=cache_dir,
        options=fake.options(),
    )
    with pytest.raises(FetchError, match="CORPUSKIT_DENY_PRIVATE"):
        fetch(RemoteFile(f"http://inside.test:{server.port}/x"), cache_dir=cache_dir, options=fake.options())


def test_a_name_that_changes_its_address_gains_nothing(
    server, other_server, cache_dir, fake, internet, monkeypatch
):
    """The address that is connected to counts, not one that was looked up before."""
    monkeypatch.setenv("CORPUSKIT_DENY_PRIVATE", "1")
    server.script(server.file())

    def rebind(connection, request):
        internet["public.test"] = "127.0.0.1"
        other_server.redirect(f"http://public.test:{server.port}/file.txt")(connection, request)

    other_server.script(rebind)
    with pytest.raises(FetchError, match="CORPUSKIT_DENY_PRIVATE"):
        fetch(
            RemoteFile(f"http://public.test:{other_server.port}/file.txt"),
            cache_dir=cache_dir,
            options=fake.options(),
        )
    assert server.requests == []
