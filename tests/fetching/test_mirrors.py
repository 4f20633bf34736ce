from __future__ import annotations

import logging

import pytest

from corpuskit.errors import FetchError, StorageError
from corpuskit.fetching import mirrors
from corpuskit.fetching.bundle_index import BundledFile, BundleIndex
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

URL = "https://example.org/a.txt"


@pytest.fixture(autouse=True)
def _asked_afresh():
    mirrors._index_on_web.cache_clear()


def index(sha256, url=URL, size_bytes=3):
    return BundleIndex([BundledFile("a.txt", sha256, size_bytes, url, url, False, ("source a",))]).to_bytes()


def test_mirrors_are_asked_in_their_order_and_one_that_is_added_first(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_MIRRORS", "/one/, http://two/x")
    assert [*mirrors.places_of("abc")] == [
        "/one/abc",
        "/one/ab/abc",
        "http://two/x/abc",
        "http://two/x/ab/abc",
    ]
    with mirrors.added(tmp_path):
        assert next(mirrors.places_of("abc")) == f"{tmp_path}/abc"
    assert next(mirrors.places_of("abc")) == "/one/abc"


def test_a_bundle_s_index_says_what_a_url_was_and_is_read_again_when_it_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_MIRRORS", f"{tmp_path / 'none'} {tmp_path}")
    assert mirrors.first_use(URL) is None
    (tmp_path / "bundle.json").write_bytes(index("a" * 64))
    assert mirrors.first_use(URL).sha256 == "a" * 64
    (tmp_path / "bundle.json").write_bytes(index("b" * 64, size_bytes=40))
    assert mirrors.first_use(URL).sha256 == "b" * 64
    (tmp_path / "bundle.json").unlink()
    (tmp_path / "bundle.json").mkdir()
    with pytest.raises(StorageError, match=r"bundle\.json: cannot be read"):
        mirrors.first_use(URL)


def test_an_index_behind_a_url_is_asked_for_once(server, cache_dir, monkeypatch):
    server.content = index("a" * 64)
    server.script(server.file(), path="/m/bundle.json")
    monkeypatch.setenv("CORPUSKIT_MIRRORS", server.url("/m/"))
    assert mirrors.first_use(URL).sha256 == mirrors.first_use(URL).sha256 == "a" * 64
    assert len(server.requests) == 1


def test_a_web_mirror_without_an_index_has_none_and_a_damaged_one_is_said(server, cache_dir, monkeypatch):
    server.script(server.status("404 Not Found"), path="/m/bundle.json")
    monkeypatch.setenv("CORPUSKIT_MIRRORS", server.url("/m"))
    assert mirrors.first_use(URL) is None
    mirrors._index_on_web.cache_clear()
    server.script(server.file(), path="/m/bundle.json")
    with pytest.raises(FetchError, match="not the index of a bundle"):
        mirrors.first_use(URL)


def test_a_mirror_s_password_is_not_shown(server, cache_dir, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    server.script(server.file(), path="/m/bundle.json")
    monkeypatch.setenv("CORPUSKIT_MIRRORS", server.url("/m").replace("//", "//me:CANARY@"))
    with pytest.raises(FetchError, match=r"bundle\.json: not the index of a bundle") as caught:
        mirrors.first_use(URL)
    assert "CANARY" not in f"{caught.value} {caught.value.path} {caplog.text}"


@pytest.mark.parametrize(("status", "is_said"), [("404 Not Found", False), ("403 Forbidden", True)])
def test_a_web_mirror_that_refuses_is_said_and_one_without_an_index_is_not(
    server, cache_dir, monkeypatch, caplog, status, is_said
):
    caplog.set_level(logging.INFO, "corpuskit")
    server.script(server.status(status), path="/m/bundle.json")
    monkeypatch.setenv("CORPUSKIT_MIRRORS", server.url("/m"))
    assert mirrors.first_use(URL) is None
    assert any(status in message for message in caplog.messages) == is_said


def test_what_the_cache_knows_of_a_url_comes_before_a_bundle(server, cache_dir, tmp_path, monkeypatch):
    server.script(server.file())
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir)
    (tmp_path / "bundle.json").write_bytes(index("a" * 64, url=server.url()))
    monkeypatch.setenv("CORPUSKIT_MIRRORS", str(tmp_path))
    assert fetch(RemoteFile(server.url()), cache_dir=cache_dir).sha256 == found.sha256


def test_offline_asks_mirrors_and_nobody_else(server, other_server, cache_dir, monkeypatch):
    file = server.remote()
    other_server.script(other_server.file(), path=f"/{file.sha256[:2]}/{file.sha256}")
    other_server.script(other_server.status("404 Not Found"), path=f"/{file.sha256}")
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    monkeypatch.setenv("CORPUSKIT_MIRRORS", other_server.url(""))
    assert fetch(file, cache_dir=cache_dir).path.read_bytes() == server.content
    assert server.requests == []
