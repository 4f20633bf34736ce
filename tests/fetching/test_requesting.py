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
