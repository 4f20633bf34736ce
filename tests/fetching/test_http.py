"""One HTTP request: what frames a body is not the body."""

from __future__ import annotations

import gzip

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

CHUNKS = [
    b"-5",
    b"+5",
    b"0x5",
    b"5_0",
    b"",
    b" ",
    b"zz",
    b"F" * 17,
    b"9" * 5000,
    b"\x00",
    b"5;" + b"x" * 70_000,
]


@pytest.mark.parametrize("size", CHUNKS)
@pytest.mark.parametrize("etag", ['"v1"', None])
def test_what_frames_chunks_is_never_taken_for_the_file(server, cache_dir, fake, size, etag):
    def broken(connection, request):
        fields = {"Transfer-Encoding": "chunked", **({"ETag": etag} if etag else {})}
        head = server.head("200 OK", fields)
        first = b"3e8\r\n" + server.content[:1000] + b"\r\n"
        server.send(connection, head + first + size + b"\r\nxxxxx\r\n0\r\n\r\n")

    server.script(broken, server.file(etag=etag))
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content


@pytest.mark.parametrize("end", [b"xx", b"", b"\n", b"\r", b"\rx"])
def test_a_chunk_that_does_not_end_where_it_says_is_a_cut(server, cache_dir, fake, end):
    def broken(connection, request):
        server.send(connection, server.head("200 OK", {"Transfer-Encoding": "chunked"}))
        server.send(connection, b"5\r\nhello" + end + b"0\r\n\r\n")

    server.script(broken, server.file())
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content


@pytest.mark.fault("N2")
def test_body_without_a_length_is_recorded_as_such(server, cache_dir, fake, caplog):
    server.script(server.file(length=False))
    fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert "may have been cut short" in caplog.text
    assert '"length_verified": false' in next((cache_dir / "urls").iterdir()).read_text()


@pytest.mark.fault("N12")
def test_compressed_body_without_a_sha256_is_refused_unless_the_file_is_compressed(server, cache_dir, fake):
    packed = gzip.compress(server.content)
    server.script(server.file(content=packed, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(FetchError, match=r"compresses it \(Content-Encoding: gzip\) although"):
        fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    server.script(server.file(content=packed, headers={"Content-Encoding": "gzip"}), path="/f.gz")
    found = fetch(RemoteFile(server.url("/f.gz")), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == packed
