"""What servers and lines do wrong, one row a fault; the numbers are those of the fault catalogue."""

from __future__ import annotations

import email.utils
import gzip
import hashlib

import pytest

from corpuskit.errors import FetchError, HashMismatch, StorageError
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile


def no_partials(cache_dir):
    return not any((cache_dir / "partials").iterdir())


def nothing_published(cache_dir):
    return not list(cache_dir.glob("files/*/*")) and not list(cache_dir.glob("urls/*"))


# Steps before the right file; each must end with the right bytes.
RECOVERED = {
    "N1 body shorter than declared": lambda s: [s.file(cut=400)],
    "N1 twice, at other places": lambda s: [s.file(cut=50_000), s.file(cut=10_000)],
    "N3 chunked body cut": lambda s: [s.file(chunked=True, cut=50_000)],
    "N4 500, 502, then 200": lambda s: [s.status("500 Internal Server Error"), s.status("502 Bad Gateway")],
    "N5 429 with Retry-After": lambda s: [s.status("429 Too Many Requests", Retry_After="7")],
    "N5 503 with nonsense": lambda s: [s.status("503 Service Unavailable", Retry_After="soon")],
    "N7 server ignores Range": lambda s: [s.file(cut=50_000), s.file(ranges=False)],
    "N8 file changed in between": lambda s: [s.file(content=b"y" * 90_000, etag='"old"', cut=50_000)],
    "N9 weak ETag": lambda s: [s.file(etag='W/"v1"', cut=50_000)],
    "N9 no validator": lambda s: [s.file(etag=None, cut=50_000)],
    "N11 range starts elsewhere": lambda s: [
        s.file(cut=50_000),
        s.file(range_headers={"Content-Range": "bytes 0-102399/102400"}),
    ],
    "N11 range of another total": lambda s: [
        s.file(cut=50_000),
        s.file(range_headers={"Content-Range": "bytes 50000-102399/999999"}),
    ],
    "N11 range longer than its body": lambda s: [
        s.file(cut=50_000),
        s.file(range_headers={"Content-Range": "bytes 50000-102398/102400"}),
    ],
    "N11 no Content-Range": lambda s: [s.file(cut=50_000), s.file(range_headers={"Content-Range": "?"})],
    "N11 several ranges": lambda s: [
        s.file(cut=50_000),
        s.file(range_headers={"Content-Type": "multipart/byteranges; boundary=x"}),
    ],
    "N11 range of another version": lambda s: [s.file(cut=50_000), s.file(range_headers={"ETag": '"v2"'})],
    "N10 416 on resumption": lambda s: [s.file(cut=50_000), s.status("416 Range Not Satisfiable")],
    "N13 stall": lambda s: [s.file(cut=50_000, then="stall")],
    "N14 reset in the body": lambda s: [s.file(cut=50_000, then="reset")],
    "N14 closed without an answer": lambda s: [lambda connection, request: None],
    "N14 answer that is no HTTP": lambda s: [lambda connection, request: s.send(connection, b"hi\r\n\r\n")],
    "N15 login page once": lambda s: [
        s.file(content=b"<html>log in</html>", headers={"Content-Type": "text/html"})
    ],
    "wrong bytes once": lambda s: [s.file(content=b"z" * 102_400)],
}


@pytest.mark.parametrize("fault", RECOVERED)
@pytest.mark.fault("N1", "N3", "N4", "N7", "N8", "N10", "N11", "N14")
def test_fault_that_passes_ends_with_the_right_file(server, cache_dir, fake, fault):
    server.script(*RECOVERED[fault](server), server.file())
    found = fetch(server.remote(), cache_dir=cache_dir, options=fake.options(read_timeout_s=0.1))
    assert found.path.read_bytes() == server.content
    assert no_partials(cache_dir)


# Steps that never get better, and what is said.
FATAL = {
    "N1 always cut": (
        lambda s: [s.file(etag=None, cut=400)],
        r"connection was cut after 400 of 102,400 bytes \(attempt 5 of 5\)",
    ),
    "N3 always cut": (lambda s: [s.file(etag=None, chunked=True, cut=4096)], "connection was cut"),
    "N4 always 500": (
        lambda s: [s.status("500 Internal Server Error")],
        "500 Internal Server Error .attempt 5",
    ),
    "N5 wait too long": (
        lambda s: [s.status("429 Too Many Requests", Retry_After="1000000000")],
        "429 Too Many Requests and asks to wait 1,000,000,000 seconds, more than the 120",
    ),
    "N6 401": (lambda s: [s.status("401 Unauthorized")], "401 Unauthorized; it wants credentials"),
    "N6 403": (lambda s: [s.status("403 Forbidden")], "403 Forbidden"),
    "N6 404": (lambda s: [s.status("404 Not Found")], "404 Not Found"),
    "N6 410": (lambda s: [s.status("410 Gone")], "410 Gone"),
    "status of its own": (lambda s: [s.status("418 I'm a teapot")], "server answered 418"),
    "206 that nobody asked for": (lambda s: [s.status("206 Partial Content")], "206 Partial Content"),
    "N13 stall": (lambda s: [s.file(etag=None, cut=9, then="stall")], "server sent nothing for 0.1 seconds"),
    "N13 no answer": (lambda s: [lambda c, r: s._closing.wait(2)], "server sent nothing for 0.1 seconds"),
    "N14 reset": (lambda s: [s.file(etag=None, cut=9, then="reset")], "connection was (reset|cut)"),
    "N14 no answer": (lambda s: [lambda c, r: None], "connection was (cut|reset)"),
    "N16 to a file": (
        lambda s: [s.redirect("file:///etc/passwd")],
        "redirects from http:.* to file:, which is not",
    ),
    "N16 to ftp": (lambda s: [s.redirect("ftp://127.0.0.1/x")], "to ftp:, which is not followed"),
    "N16 loop": (lambda s: [s.redirect("/file.txt")], "more than 10 redirects: http://.* -> ... -> http://"),
    "N16 no URL": (lambda s: [s.redirect("http://[")], "redirects to something that is not a URL"),
    "redirect to nowhere": (lambda s: [s.status("302 Found")], "302 Found"),
}


@pytest.mark.parametrize("fault", FATAL)
@pytest.mark.fault("N1", "N3", "N6", "N14", "N15", "N16")
def test_fault_that_stays_is_an_error_and_publishes_nothing(server, cache_dir, fake, fault):
    steps, message = FATAL[fault]
    server.script(*steps(server))
    options = fake.options(read_timeout_s=0.1)
    with pytest.raises(FetchError, match=message) as caught:
        fetch(server.remote(), cache_dir=cache_dir, options=options)
    assert not isinstance(caught.value, HashMismatch)
    assert (caught.value.exit_code, "\n" in str(caught.value)) == (4, False)
    assert nothing_published(cache_dir)
    assert caught.value.missing is (fault in ("N6 404", "N6 410"))
    if fault.startswith("N6"):
        assert len(server.requests) == 1


# Bodies that arrive well and are not the file.
WRONG = {
    "N12 compressed": (
        lambda s: [s.file(content=gzip.compress(s.content), headers={"Content-Encoding": "gzip"})],
        r"sha256 is \w+ and \w+ is expected .*Content-Encoding 'gzip', beginning with b'\\x1f",
    ),
    "N15 login page": (
        lambda s: [
            s.file(content=b"<!DOCTYPE html>\x1b[31m\nSign in", headers={"Content-Type": "text/html"})
        ],
        r"'text/html', beginning with b'<!DOCTYPE html>\\x1b\[31m\\nSign in'\); it looks like a login",
    ),
    "N18 endless": (lambda s: [s.endless()], "it has more than 102,400 bytes"),
    "N18 longer": (lambda s: [s.file(content=s.content + b"x")], "it has more than 102,400 bytes"),
    "wrong bytes": (lambda s: [s.file(content=b"z" * 102_400)], "beginning with b'zzz"),
    "shorter file": (lambda s: [s.file(content=b"short")], r"sha256 is \w+ and \w+ is expected .5 bytes"),
    "N2 cut without a length": (lambda s: [s.file(length=False, cut=400)], "400 bytes"),
    "206 that is another file": (
        lambda s: [s.file(cut=50_000), s.file(content=b"z" * 102_400), s.file(content=b"z" * 102_400)],
        "sha256 is",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
@pytest.mark.fault("N15")
def test_wrong_file_is_asked_for_once_more_and_then_an_error(server, cache_dir, fake, fault):
    steps, message = WRONG[fault]
    server.script(*steps(server))
    with pytest.raises(HashMismatch, match=message) as caught:
        fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert (caught.value.exit_code, "\n" in str(caught.value)) == (5, False)
    assert nothing_published(cache_dir)
    assert no_partials(cache_dir)
    assert server.requests[-1].headers["cache-control"] == "no-cache"
    assert "range" not in server.requests[-1].headers


def test_size_alone_is_checked_where_no_sha256_is_known(server, cache_dir, fake):
    server.script(server.file(content=b"short"))
    with pytest.raises(HashMismatch, match="it has 5 bytes and 102,400 are expected"):
        fetch(server.remote(sha256=None), cache_dir=cache_dir, options=fake.options())
    assert nothing_published(cache_dir)


@pytest.mark.fault("D1")
def test_file_that_the_disk_has_no_room_for_is_not_begun(server, cache_dir, fake):
    server.script(server.file(headers={"Content-Length": str(10**18)}))
    options = fake.options(max_bytes=2**62)
    with pytest.raises(StorageError, match=r"1,000,000,000,000,000,000 bytes are needed in .* are free"):
        fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=options)
    assert no_partials(cache_dir)


@pytest.mark.fault("N4")
def test_waits_grow_with_full_jitter_up_to_the_cap(server, cache_dir, fake):
    server.script(server.status("500 Internal Server Error"))
    options = fake.options(max_attempts=8, backoff_base_s=1.0, backoff_cap_s=10.0, random=lambda: 0.5)
    with pytest.raises(FetchError):
        fetch(server.remote(), cache_dir=cache_dir, options=options)
    assert fake.slept == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.fault("N5")
def test_retry_after_is_obeyed(server, cache_dir, fake, as_date):
    when = email.utils.formatdate(fake.now + 60, usegmt=True) if as_date else "60"
    server.script(server.status("503 Service Unavailable", Retry_After=when), server.file())
    fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert fake.slept == [60.0]


@pytest.mark.fault("N13")
def test_dripping_server_counts_as_stalled(server, cache_dir, fake):
    server.script(server.drip(), server.file())

    def clock():
        fake.now += 1.0
        return fake.now

    options = fake.options(clock=clock, rate_window_s=10, min_bytes_per_s=100)
    assert fetch(server.remote(), cache_dir=cache_dir, options=options).path.read_bytes() == server.content
    assert len(fake.slept) == 1


@pytest.mark.fault("N13")
def test_headers_that_drip_do_not_hold_us(server, cache_dir, fake):
    server.script(server.drip_headers())
    options = fake.options(connect_timeout_s=0.05, read_timeout_s=0.5, max_attempts=1)
    with pytest.raises(FetchError, match="did not finish its answer's headers in time"):
        fetch(server.remote(), cache_dir=cache_dir, options=options)


def test_the_same_failure_over_and_over_is_said_once(server, cache_dir, fake, caplog):
    busy = [server.status("503 Service Unavailable")] * 3
    server.script(*busy, server.status("502 Bad Gateway"), server.file())
    fetch(server.remote(), cache_dir=cache_dir, options=fake.options(max_attempts=8))
    said = [record.message for record in caplog.records if "trying again" in record.message]
    assert len(said) == 2, said
    assert "503" in said[0]
    assert "502" in said[1]


def test_hash_mismatch_carries_what_was_expected_and_found(server, cache_dir, fake):
    server.script(server.file(content=b"z"))
    file = server.remote()
    with pytest.raises(HashMismatch) as caught:
        fetch(file, cache_dir=cache_dir, options=fake.options())
    assert caught.value.expected == file.sha256
    assert caught.value.found == hashlib.sha256(b"z").hexdigest()


@pytest.mark.parametrize("known", [True, False])
def test_what_can_be_done_instead_of_a_download_is_what_the_file_allows(server, cache_dir, fake, known):
    server.script(*[server.status("500 Internal Server Error")] * 9)
    file = server.remote() if known else RemoteFile(server.remote().urls[0])
    with pytest.raises(FetchError) as caught:
        fetch(file, cache_dir=cache_dir, options=fake.options(max_attempts=2))
    assert ("corpuskit cache add FILE" in str(caught.value)) == known
    assert ("get the file in another way, and say where it is" in str(caught.value)) != known
