"""Redirects, and which of them credentials follow."""

from __future__ import annotations

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching.verified import fetch


@pytest.mark.fault("N16", "S1")
def test_redirect_away_from_https_is_refused(server, cache_dir, fake):
    from corpuskit.fetching.requesting import _redirect_target

    with pytest.raises(FetchError, match="redirects from https to http://example.org/x, which is not secure"):
        _redirect_target("https://example.org/", "http://user:pw@example.org/x")
    assert _redirect_target("http://example.org/", "https://example.org/x") == ("https://example.org/x", None)


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect"]
)
def test_redirects_are_followed(server, cache_dir, fake, status):
    server.script(server.status(status, Location="moved/ünder?a=1"))
    server.script(server.file(), path="/moved/%C3%BCnder")
    assert (
        fetch(server.remote(), cache_dir=cache_dir, options=fake.options()).path.read_bytes()
        == server.content
    )


def test_body_of_a_redirect_is_not_read(server, cache_dir, fake):
    def endless(connection, request):
        server.send(connection, server.head("302 Found", {"Location": "/there"}))
        server.endless()(connection, request)

    server.script(endless)
    server.script(server.file(), path="/there")
    assert fetch(server.remote(), cache_dir=cache_dir, options=fake.options()).size_bytes == 102_400


@pytest.mark.fault("S3")
def test_credentials_do_not_follow_to_another_origin(server, other_server, cache_dir, fake):
    other_server.script(other_server.file(), path="/there")
    server.script(server.redirect("/here"))
    server.script(server.redirect(other_server.url("/there")), path="/here")
    url = server.url().replace("http://", "http://me:p%40ss@")
    fetch(server.remote(mirrors=()), cache_dir=cache_dir, options=fake.options(), location=url)
    basic = "Basic bWU6cEBzcw=="
    assert [request.headers.get("authorization") for request in server.requests] == [basic, basic]
    assert "authorization" not in other_server.requests[0].headers


def test_credentials_return_with_the_first_origin_only(server, other_server, cache_dir, fake):
    other_server.script(other_server.redirect(server.url("/back")), path="/there")
    server.script(server.redirect(other_server.url("/there")))
    server.script(server.file(), path="/back")
    url = server.url().replace("http://", "http://me:pw@")
    fetch(server.remote(), cache_dir=cache_dir, options=fake.options(), location=url)
    assert "authorization" not in other_server.requests[0].headers
    assert "authorization" in server.requests[-1].headers


@pytest.mark.fault("S3")
def test_a_header_for_a_server_goes_to_that_server_alone(
    server, other_server, cache_dir, fake, tmp_path, monkeypatch
):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password pw\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("CORPUSKIT_MIRRORS", other_server.url("/mirror"))
    sha256 = server.remote().sha256
    for path in (f"/mirror/{sha256}", f"/mirror/{sha256[:2]}/{sha256}"):
        other_server.script(other_server.status("404 Not Found"), path=path)
    other_server.script(other_server.redirect(server.url("/back")), path="/there")
    server.script(server.redirect(other_server.url("/there")))
    server.script(server.file(), path="/back")
    options = fake.options(authorization=(server.url("/"), "Bearer hf_canary"))
    assert "canary" not in repr(options)
    assert fetch(server.remote(), cache_dir=cache_dir, options=options).size_bytes == 102_400
    said = [request.headers.get("authorization") for request in server.requests]
    assert said == ["Bearer hf_canary", "Bearer hf_canary"]
    assert len(other_server.requests) == 3  # the mirror's places, and the redirect
    assert not [one for one in other_server.requests if "Bearer" in one.headers.get("authorization", "")]


def test_what_else_forbids_the_network_is_named(server, cache_dir, fake):
    with pytest.raises(FetchError, match="HF_HUB_OFFLINE forbids the network .*: unset HF_HUB_OFFLINE once"):
        fetch(server.remote(), cache_dir=cache_dir, options=fake.options(offline_by="HF_HUB_OFFLINE"))
    assert server.requests == []
