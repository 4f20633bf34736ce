"""What went wrong on the way, in our own words."""

from __future__ import annotations

import socket

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile


@pytest.mark.fault("N14")
def test_refused_connection_is_told(cache_dir, fake):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 refuses the connection"):
        fetch(RemoteFile(f"http://127.0.0.1:{port}/x"), cache_dir=cache_dir, options=fake.options())


@pytest.mark.fault("N14")
def test_unknown_host_is_told(cache_dir, fake, monkeypatch):
    def unknown(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(FetchError, match=r"the name corpus\.invalid cannot be resolved"):
        fetch(RemoteFile("http://corpus.invalid/x"), cache_dir=cache_dir, options=fake.options())


def test_proxy_that_is_not_there_is_told(cache_dir, fake, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://me:canary@127.0.0.1:{port}")
    with pytest.raises(FetchError, match="the proxy cannot be reached") as caught:
        fetch(RemoteFile("http://corpus.invalid/x"), cache_dir=cache_dir, options=fake.options())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://", "http://[bad/x", "http://a:port/x", "http://.example.org/x"])
def test_url_that_is_none_is_told(cache_dir, fake, url):
    with pytest.raises(FetchError, match="not a URL that can be asked for"):
        fetch(RemoteFile(url), cache_dir=cache_dir, options=fake.options())


@pytest.mark.fault("N17")
def test_certificate_that_nobody_signed_is_an_error_at_once(tls_server, cache_dir, fake):
    tls_server.script(tls_server.file())
    with pytest.raises(FetchError, match=r"certificate of 127\.0\.0\.1 is not trusted: self.signed"):
        fetch(tls_server.remote(), cache_dir=cache_dir, options=fake.options())
    assert fake.slept == []


def test_certificate_of_the_environment_is_trusted(tls_server, cache_dir, fake, monkeypatch, tmp_path):
    tls_server.script(tls_server.file())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with pytest.raises(FetchError, match="certificate of 127"):  # it names no address
        fetch(tls_server.remote(), cache_dir=cache_dir, options=fake.options())
