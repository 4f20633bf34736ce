from __future__ import annotations

import hashlib
import logging
import pickle
import subprocess
import sys

import pytest

from corpuskit import cache, storage
from corpuskit.errors import ConfigError, FetchError, HashMismatch, StorageError
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile
from corpuskit.temporary_names import host_name

HELLO = b"hello, corpus\n"
SHA256 = hashlib.sha256(HELLO).hexdigest()


def test_local_path_is_used_in_place_and_hashed(tmp_path, cache_dir):
    path = tmp_path / "my file.txt"
    path.write_bytes(HELLO)
    for url in (str(path), path.as_uri(), f"file://localhost{path.as_uri()[7:]}"):
        found = fetch(RemoteFile(url), cache_dir=cache_dir)
        assert (found.path, found.sha256, found.size_bytes) == (path, SHA256, len(HELLO))
    assert not cache_dir.exists()


def test_local_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(FetchError, match=r"cannot read .*gone\.txt: No such file"):
        fetch(RemoteFile(str(tmp_path / "gone.txt")))


def test_file_url_of_another_host_is_refused():
    with pytest.raises(ConfigError, match="names a host"):
        fetch(RemoteFile("file://server/share/x.txt"))


@pytest.mark.parametrize(("field", "value"), [("sha256", "0" * 64), ("size_bytes", 3)])
def test_local_file_that_is_not_the_expected_one_is_an_error(tmp_path, field, value):
    path = tmp_path / "a.txt"
    path.write_bytes(HELLO)
    with pytest.raises(HashMismatch, match=r"a\.txt: its (sha256|size in bytes) is .* is expected") as caught:
        fetch(RemoteFile(str(path), **{field: value}))
    assert caught.value.expected == value
    assert path.read_bytes() == HELLO


def test_sha256_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="is not a sha256: 64 hexadecimal digits"):
        fetch(RemoteFile("https://example.org/x", sha256="abc"))


def test_sha256_may_be_in_capitals(server, cache_dir):
    server.script(server.file())
    sha256 = hashlib.sha256(server.content).hexdigest()
    assert fetch(server.remote(sha256=sha256.upper()), cache_dir=cache_dir).sha256 == sha256


def test_download_is_published_by_content_and_then_found_without_the_network(server, cache_dir, fake):
    server.script(server.file())
    first = fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    second = fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert first == second
    assert first.path == cache_dir / "files" / first.sha256[:2] / first.sha256
    assert first.path.read_bytes() == server.content
    assert len(server.requests) == 1
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert cache_dir.stat().st_mode & 0o777 == 0o700
    assert list((cache_dir / "partials").iterdir()) == []


def test_damaged_cache_file_is_downloaded_again(server, cache_dir):
    server.script(server.file())
    found = fetch(server.remote(), cache_dir=cache_dir)
    found.path.write_bytes(b"damaged")
    assert fetch(server.remote(), cache_dir=cache_dir).path.read_bytes() == server.content
    assert len(server.requests) == 2


def test_cache_folder_is_the_environments_by_default(server, tmp_path, monkeypatch):
    server.script(server.file())
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "elsewhere"))
    assert tmp_path / "elsewhere" in fetch(server.remote()).path.parents


def test_progress_grows_to_the_whole_file(server, cache_dir):
    server.script(server.file())
    calls = []
    fetch(
        server.remote(),
        cache_dir=cache_dir,
        on_progress=lambda at: calls.append((at.label, at.done_bytes, at.total_bytes)),
    )
    assert calls[-1] == ("file.txt", len(server.content), len(server.content))
    assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)


def test_empty_file_is_a_file(server, cache_dir):
    server.content = b""
    server.script(server.file())
    assert fetch(server.remote(), cache_dir=cache_dir).size_bytes == 0


# other places


def test_location_takes_the_bytes_from_elsewhere_and_records_the_files_own_url(server, tmp_path, cache_dir):
    path = tmp_path / "copy.txt"
    path.write_bytes(server.content)
    found = fetch(server.remote(), cache_dir=cache_dir, location=str(path))
    assert (found.path, found.url) == (path, server.url())
    path.write_bytes(b"wrong")
    with pytest.raises(
        HashMismatch, match="is expected; give the right file, or prepare this one by its path"
    ):
        fetch(server.remote(), cache_dir=cache_dir, location=str(path))
    assert server.requests == []


def test_location_may_be_a_url(server, cache_dir):
    server.script(server.file(), path="/copy")
    found = fetch(server.remote("/nowhere"), cache_dir=cache_dir, location=server.url("/copy"))
    assert found.url == server.url("/nowhere")
    assert found.path.read_bytes() == server.content


def test_mirrors_of_the_file_are_tried_in_order(server, cache_dir, fake):
    server.script(server.status("404 Not Found"))
    server.script(server.file(content=b"not it"), path="/bad")
    server.script(server.file(), path="/good")
    file = server.remote(mirrors=(server.url("/bad"), server.url("/good")))
    found = fetch(file, cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content
    assert found.url == server.url()
    assert [request.target for request in server.requests] == ["/file.txt", "/bad", "/bad", "/good"]


def test_failure_of_every_mirror_names_each(server, cache_dir, fake):
    server.script(server.status("404 Not Found"))
    server.script(server.status("403 Forbidden"), path="/other")
    with pytest.raises(FetchError, match=r"none of 2 places: .*404 Not Found.*403 Forbidden") as caught:
        fetch(server.remote(mirrors=(server.url("/other"),)), cache_dir=cache_dir, options=fake.options())
    assert not isinstance(caught.value, HashMismatch)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args


@pytest.mark.parametrize(("status", "missing"), [("410 Gone", True), ("403 Forbidden", False)])
def test_a_file_that_no_place_has_is_missing(server, cache_dir, tmp_path, fake, status, missing):
    server.script(server.status("404 Not Found"))
    server.script(server.status(status), path="/other")
    mirrors = (server.url("/other"), str(tmp_path / "absent"), f"memory://{tmp_path}/absent")
    with pytest.raises(FetchError, match="none of 4 places") as caught:
        fetch(server.remote(mirrors=mirrors), cache_dir=cache_dir, options=fake.options())
    assert caught.value.missing is missing


def test_proxy_of_the_environment_is_used(server, cache_dir, monkeypatch):
    server.script(server.file(), path="http://corpus.invalid/file.txt")
    monkeypatch.setenv("http_proxy", server.url(""))
    file = RemoteFile("http://corpus.invalid/file.txt", sha256=hashlib.sha256(server.content).hexdigest())
    assert fetch(file, cache_dir=cache_dir).path.read_bytes() == server.content


def test_importing_fetch_imports_no_client():
    heavy = ["requests", "fsspec", "urllib3", "platformdirs", "filelock"]
    code = f"import corpuskit.fetching, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_library_does_not_talk_unless_asked(server, cache_dir, capfd):
    server.script(server.file())
    fetch(server.remote(), cache_dir=cache_dir)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("corpuskit").level == logging.NOTSET


@pytest.mark.fault("P1")
def test_what_a_killed_process_left_of_the_record_of_a_cached_file_is_deleted(server, cache_dir):
    server.script(server.file())
    unknown = server.remote(sha256=None, size_bytes=None)
    fetch(unknown, cache_dir=cache_dir)
    (record,) = (cache_dir / "urls").iterdir()
    record.with_name(f".{record.name}.{host_name()}.999999999.{'0' * 16}.tmp").hardlink_to(record)
    cache.tidy.cache_clear()  # as in another process
    fetch(unknown, cache_dir=cache_dir)
    assert list((cache_dir / "urls").iterdir()) == [record]


@pytest.mark.fault("D4")
def test_a_record_of_a_download_that_cannot_be_deleted_is_gone_after_the_next_one(
    server, cache_dir, monkeypatch
):
    server.script(server.file(), server.file())
    remove = storage.remove_file

    def fail(path):
        if path.suffix == ".json" and path.parent.name == "partials" and (cache_dir / "files").exists():
            raise StorageError(f"cannot delete {path}: Input/output error")
        remove(path)

    with monkeypatch.context() as patched:
        patched.setattr(storage, "remove_file", fail)
        with pytest.raises(StorageError, match="Input/output error"):
            fetch(server.remote(), cache_dir=cache_dir)
    fetch(server.remote(), cache_dir=cache_dir)
    assert list((cache_dir / "partials").iterdir()) == []
