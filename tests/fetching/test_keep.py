"""What is given from elsewhere: recorded as what it is, and kept in the cache where it is verified."""

import hashlib
import os

import pytest

from corpuskit.cache import file_path
from corpuskit.errors import HashMismatch, StorageError
from corpuskit.fetching import keep
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

DATA = b"one text\n"
SHA256 = hashlib.sha256(DATA).hexdigest()
URL = "https://user:secret@example.org/pg11.txt"


@pytest.fixture
def given(tmp_path):
    path = tmp_path / "elsewhere" / "mine.txt"
    path.parent.mkdir()
    path.write_bytes(DATA)
    return path


@pytest.fixture
def cache_dir(tmp_path):
    return tmp_path / "cache"


def test_bytes_that_nothing_vouches_for_are_recorded_as_the_file_they_are(given, cache_dir):
    found = fetch(RemoteFile(URL), cache_dir=cache_dir, location=str(given))
    assert (found.url, found.unverified) == ("mine.txt", True)
    assert not file_path(cache_dir, SHA256).exists()


def test_bytes_of_a_published_sha256_are_the_urls_and_are_kept(given, cache_dir):
    found = fetch(RemoteFile(URL, sha256=SHA256.upper()), cache_dir=cache_dir, location=str(given))
    assert (found.url, found.unverified, found.path) == ("https://example.org/pg11.txt", False, given)
    given.unlink()
    again = fetch(RemoteFile(URL, sha256=SHA256), cache_dir=cache_dir)
    assert again.path == file_path(cache_dir, SHA256)
    assert again.path.read_bytes() == DATA


def test_wrong_bytes_are_not_kept(given, cache_dir):
    with pytest.raises(HashMismatch):
        fetch(RemoteFile(URL, sha256="0" * 64), cache_dir=cache_dir, location=str(given))
    assert not list(cache_dir.rglob("*"))


def test_a_file_at_its_own_local_place_is_used_there(given, cache_dir):
    found = fetch(RemoteFile(str(given), sha256=SHA256), cache_dir=cache_dir)
    assert (found.path, found.unverified) == (given, False)
    assert not file_path(cache_dir, SHA256).exists()


def test_a_url_that_is_given_is_what_is_recorded(server, cache_dir):
    server.script(server.file(), path="/other.txt")
    elsewhere = server.url("/other.txt")
    for _ in range(2):  # downloaded, and from the cache
        found = fetch(RemoteFile(URL), cache_dir=cache_dir, location=elsewhere)
        assert (found.url, found.unverified) == (elsewhere, True)


def test_what_a_url_gave_the_first_time_is_known_again(server, cache_dir, tmp_path):
    server.script(server.file())
    first = fetch(RemoteFile(server.url()), cache_dir=cache_dir)
    copy = tmp_path / "copy.txt"
    copy.write_bytes(first.path.read_bytes())
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir, location=str(copy))
    assert (found.url, found.unverified) == (server.url(), False)


def test_the_mirror_that_was_read_is_recorded_where_no_sha256_is_published(server, cache_dir, fake):
    server.script(server.status(404), path="/gone.txt")
    server.script(server.file(), path="/mirror.txt")
    file = RemoteFile(server.url("/gone.txt"), mirrors=(server.url("/mirror.txt"),))
    for _ in range(2):  # downloaded, and from the cache
        found = fetch(file, cache_dir=cache_dir, options=fake.options())
        assert (found.url, found.unverified) == (server.url("/mirror.txt"), False)


def test_a_cache_that_cannot_be_written_stops_nobody(given, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    file = RemoteFile(URL, sha256=SHA256)
    assert fetch(file, cache_dir=tmp_path / "file", location=str(given)).path == given


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_linked_or_copied_and_kept_once(given, cache_dir, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", lambda *names: (_ for _ in ()).throw(OSError(18, "other device")))
    sha256, kept = keep.add(given, cache_dir)
    assert (sha256, kept.read_bytes()) == (SHA256, DATA)
    assert (kept.stat().st_ino == given.stat().st_ino) is links
    assert keep.add(given, cache_dir) == (sha256, kept)


def test_a_damaged_file_of_the_cache_is_replaced(given, cache_dir):
    kept = file_path(cache_dir, SHA256)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"damaged")
    assert keep.add(given, cache_dir)[1].read_bytes() == DATA


def test_a_link_is_followed(given, cache_dir, tmp_path):
    (tmp_path / "link").symlink_to(given)
    _, kept = keep.add(tmp_path / "link", cache_dir)
    assert not kept.is_symlink()
    assert kept.read_bytes() == DATA


def test_a_file_that_changes_meanwhile_is_not_kept(given, cache_dir, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *names: (_ for _ in ()).throw(OSError(18, "other device")))
    with pytest.raises(StorageError, match="changed while it was copied"):
        keep.put(given, "0" * 64, cache_dir)
    assert not file_path(cache_dir, "0" * 64).exists()


def test_the_corpora_that_have_a_file_are_named():
    tinyshakespeare = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    assert keep.corpora_with(tinyshakespeare) == ["tinyshakespeare"]
    assert keep.corpora_with(SHA256) == []
