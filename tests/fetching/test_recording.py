from __future__ import annotations

from corpuskit.fetching import recording
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile


def test_each_file_that_is_fetched_is_recorded_by_all_who_record(server, cache_dir):
    server.script(server.file())
    assert not recording.is_on()
    with recording.recorded() as outer:
        with recording.recorded() as inner:
            found = fetch(server.remote(), cache_dir=cache_dir)
            assert recording.is_on()
        fetch(server.remote(), cache_dir=cache_dir)  # from the cache
    fetch(server.remote(), cache_dir=cache_dir)
    assert (len(inner), len(outer)) == (1, 2)
    (file,) = inner
    assert (file.file, file.path, file.sha256) == (server.remote(), found.path, found.sha256)
    assert not recording.is_on()


def test_vocabularies_are_recorded_wherever_they_are_from(tmp_path, monkeypatch):
    import hashlib

    from corpuskit.tokenizers import vocabulary

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    url, data = "https://example.org/a.tiktoken", b"IQ== 0\n"
    (tmp_path / hashlib.sha1(url.encode()).hexdigest()).write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    with recording.recorded() as files:
        assert vocabulary.read_vocabulary(url, sha256=sha256) == data
    (file,) = files
    assert (file.file, file.data) == (RemoteFile(url, sha256=sha256), data)
