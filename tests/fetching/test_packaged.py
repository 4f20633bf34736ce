"""What corpuskit brings is taken after the cache and before the network."""

from __future__ import annotations

import hashlib

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching import packaged
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile
from corpuskit.sources.plugin import TINYSHAKESPEARE


def test_every_file_that_is_brought_has_its_sha256() -> None:
    for sha256 in packaged._FILES:
        data = packaged.read(sha256)
        assert data is not None
        assert hashlib.sha256(data).hexdigest() == sha256
    assert packaged.read("0" * 64) is None


def test_tinyshakespeare_needs_no_network(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    (file,) = TINYSHAKESPEARE.files
    first = fetch(file, cache_dir=tmp_path)
    assert (first.size_bytes, first.sha256) == (1_115_394, file.sha256)
    monkeypatch.setattr(packaged, "read", lambda sha256: pytest.fail("the cache comes first"))
    assert fetch(file, cache_dir=tmp_path) == first


def test_what_is_brought_damaged_is_fetched(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    monkeypatch.setattr(packaged, "read", lambda sha256: b"something else")
    (file,) = TINYSHAKESPEARE.files
    with pytest.raises(FetchError, match="CORPUSKIT_OFFLINE forbids the network"):
        fetch(file, cache_dir=tmp_path)


def test_a_file_without_a_sha256_is_not_looked_for(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    with pytest.raises(FetchError, match="CORPUSKIT_OFFLINE forbids the network"):
        fetch(RemoteFile("https://example.invalid/input.txt"), cache_dir=tmp_path)
