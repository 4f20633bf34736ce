"""Logs of the libraries below, without credentials."""

from __future__ import annotations

import logging

import pytest

from corpuskit.errors import CorpuskitError
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

CANARY = "c4n4ry-Secret"


@pytest.mark.parametrize("name", ["connection", "connectionpool", "response", "poolmanager", "util.retry"])
def test_every_logger_of_urllib3_is_redacted_tracebacks_too(name, caplog):
    from corpuskit.fetching import wire

    wire.Session()
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger(f"urllib3.{name}")
    try:
        raise ValueError(f"http://x.org/?token={CANARY}")
    except ValueError as error:
        logger.warning("Failed to parse headers (url=%s): %s", f"/a?token={CANARY}", error, exc_info=True)
    assert "token=REDACTED" in caplog.text
    assert CANARY not in caplog.text


def test_headers_that_cannot_be_parsed_are_logged_without_credentials(server, cache_dir, fake, caplog):
    caplog.set_level(logging.DEBUG)

    def broken(connection, request):
        head = server.head("200 OK", {"Content-Length": "0"})
        server.send(connection, head[:-2] + f"no header ?token={CANARY}\r\nx: y\r\n\r\n".encode())

    server.script(broken)
    fetch(RemoteFile(server.url(f"/file.txt?token={CANARY}")), cache_dir=cache_dir, options=fake.options())
    assert "Failed to parse headers" in caplog.text
    assert CANARY not in caplog.text


CASES = {
    "right": lambda s, o: [s.file()],
    "404": lambda s, o: [s.status("404 Not Found")],
    "500": lambda s, o: [s.status("500 Oops")],
    "cut": lambda s, o: [s.file(cut=9, etag=None)],
    "reset": lambda s, o: [s.file(cut=9, etag=None, then="reset")],
    "wrong": lambda s, o: [s.file(content=b"z")],
    "to another origin": lambda s, o: [s.redirect(o.url(f"/there?token={CANARY}"))],
    "loop": lambda s, o: [s.redirect(f"/file.txt?sig={CANARY}")],
    "to a file": lambda s, o: [s.redirect(f"file://me:{CANARY}@x/y?sig={CANARY}")],
    "no URL": lambda s, o: [s.redirect(f"http://me:{CANARY}@[/?sig={CANARY}")],
    "bad port": lambda s, o: [s.redirect(f"http://me:{CANARY}@x:{CANARY}/?sig={CANARY}")],
    "not http": lambda s, o: [lambda c, r: s.send(c, f"{CANARY}\r\n\r\n".encode())],
}


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.fault("S4", "K4")
def test_credentials_reach_no_error_log_record_or_file(
    server, other_server, cache_dir, fake, case, offline, caplog, monkeypatch
):
    if offline:
        monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    caplog.set_level(logging.DEBUG)
    server.script(*CASES[case](server, other_server))
    other_server.script(other_server.status("404 Not Found"), path="/there")
    url = server.url(f"/file.txt?a=1&X-Amz-Signature={CANARY}").replace("//", f"//me:{CANARY}@")
    text = ""
    try:
        text += repr(fetch(RemoteFile(url), cache_dir=cache_dir, options=fake.options()))
    except CorpuskitError as error:
        cause: BaseException | None = error
        while cause is not None:  # the whole chain, as a traceback or a debugger would show it
            text += f"{cause!s} {cause!r} {vars(cause)}"
            cause = cause.__cause__ or cause.__context__
    text += caplog.text
    for path in cache_dir.rglob("*"):
        text += str(path) + (path.read_text("latin-1") if path.is_file() else "")
    assert CANARY not in text
    assert case in ("no URL",) or server.host in text


@pytest.mark.parametrize("scheme", ["memory", "nosuchscheme", "ftp"])
def test_credentials_reach_no_error_of_fsspec(cache_dir, fake, scheme, caplog):
    caplog.set_level(logging.DEBUG)
    url = f"{scheme}://me:{CANARY}@127.0.0.1:1/x?token={CANARY}"
    with pytest.raises(CorpuskitError) as caught:
        fetch(RemoteFile(url), cache_dir=cache_dir, options=fake.options())
    assert CANARY not in f"{caught.value!s} {vars(caught.value)} {caught.value.__context__!r} {caplog.text}"
