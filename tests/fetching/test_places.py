"""Where bytes may be besides a web server, and which addresses are private."""

from __future__ import annotations

import hashlib

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching.places import is_private
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

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


HELLO = b"hello, corpus\n"


SHA256 = hashlib.sha256(HELLO).hexdigest()


@pytest.mark.parametrize("nested", [False, True])
def test_mirror_folder_is_used_before_the_network(server, tmp_path, cache_dir, monkeypatch, nested):
    file = server.remote()
    folder = tmp_path / "mirror" / (file.sha256[:2] if nested else "")
    folder.mkdir(parents=True)
    (folder / file.sha256).write_bytes(server.content)
    monkeypatch.setenv("CORPUSKIT_MIRRORS", f"{tmp_path / 'empty'}, {tmp_path / 'mirror'}")
    assert fetch(file, cache_dir=cache_dir).path == folder / file.sha256
    assert server.requests == []


def test_mirror_url_is_used_before_the_files_own(server, other_server, cache_dir, monkeypatch):
    file = server.remote()
    other_server.script(other_server.file(), path=f"/m/{file.sha256}")
    monkeypatch.setenv("CORPUSKIT_MIRRORS", other_server.url("/m/"))
    assert fetch(file, cache_dir=cache_dir).path.read_bytes() == server.content
    assert server.requests == []


def test_wrong_or_missing_file_in_a_mirror_does_not_matter(
    server, other_server, tmp_path, cache_dir, monkeypatch
):
    file = server.remote()
    server.script(server.file())
    (tmp_path / file.sha256).write_bytes(b"wrong")
    other_server.script(other_server.status("404 Not Found"), path=f"/{file.sha256}")
    other_server.script(other_server.status("404 Not Found"), path=f"/{file.sha256[:2]}/{file.sha256}")
    monkeypatch.setenv("CORPUSKIT_MIRRORS", f"{tmp_path} {other_server.url('')}")
    assert fetch(file, cache_dir=cache_dir).path.read_bytes() == server.content
    assert (tmp_path / file.sha256).read_bytes() == b"wrong"


def test_offline_never_connects_and_says_what_is_missing_and_how_to_get_it(server, cache_dir, monkeypatch):
    server.script(server.file())
    file = server.remote()
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    with pytest.raises(FetchError, match=r"file\.txt is not on this machine .*102,400 bytes") as caught:
        fetch(file, cache_dir=cache_dir)
    for part in (file.sha256, server.url(), "corpuskit cache add", "CORPUSKIT_MIRRORS"):
        assert part in str(caught.value)
    assert server.requests == []


def test_offline_uses_the_cache_and_local_files(server, tmp_path, cache_dir, monkeypatch):
    server.script(server.file())
    found = fetch(server.remote(), cache_dir=cache_dir)
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    assert fetch(server.remote(), cache_dir=cache_dir) == found
    copy = tmp_path / "copy"
    copy.write_bytes(server.content)
    file = server.remote(mirrors=(str(copy),))
    assert fetch(file, cache_dir=tmp_path / "empty").path == copy


# other schemes


def test_any_scheme_of_fsspec_is_copied_into_the_cache(cache_dir):
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/folder/x.txt", HELLO)
    found = fetch(RemoteFile("memory://folder/x.txt", sha256=SHA256), cache_dir=cache_dir)
    assert found.path == cache_dir / "files" / SHA256[:2] / SHA256
    assert found.path.read_bytes() == HELLO


def test_member_of_a_local_zip_is_read_offline(tmp_path, cache_dir, monkeypatch):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in/x.txt", HELLO)
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    file = RemoteFile(f"zip://in/x.txt::{tmp_path / 'a.zip'}")
    assert fetch(file, cache_dir=cache_dir).sha256 == SHA256


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://gone.txt", "there is no such file"),
        ("nosuchscheme://x/y.txt", "no installed package reads nosuchscheme:// URLs"),
    ],
)
def test_failure_of_fsspec_is_told_in_our_words(cache_dir, url, message):
    with pytest.raises(FetchError, match=message):
        fetch(RemoteFile(url), cache_dir=cache_dir)


def test_failing_file_system_is_tried_again(cache_dir, fake, monkeypatch):
    import fsspec.implementations.memory

    fsspec.filesystem("memory").pipe("/flaky.txt", HELLO)
    opened = fsspec.implementations.memory.MemoryFileSystem._open
    calls = []

    def flaky(self, path, *arguments, **options):
        calls.append(path)
        if len(calls) < 3:
            raise TimeoutError("try later")
        return opened(self, path, *arguments, **options)

    monkeypatch.setattr(fsspec.implementations.memory.MemoryFileSystem, "_open", flaky)
    file = RemoteFile("memory://flaky.txt", sha256=SHA256)
    assert fetch(file, cache_dir=cache_dir, options=fake.options()).size_bytes == len(HELLO)
    assert len(fake.slept) == 2
