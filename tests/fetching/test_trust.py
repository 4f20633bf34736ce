"""Trust on first use."""

from __future__ import annotations

import hashlib
import json

import pytest

from corpuskit.errors import FetchError, HashMismatch
from corpuskit.fetching import trust
from corpuskit.fetching.verified import fetch


def test_first_download_without_sha256_is_recorded_and_then_served_from_the_cache(server, cache_dir):
    server.script(server.file())
    first = fetch(server.remote(sha256=None, size_bytes=None), cache_dir=cache_dir)
    assert fetch(server.remote(sha256=None, size_bytes=None), cache_dir=cache_dir) == first
    assert len(server.requests) == 1
    (record,) = (cache_dir / "urls").iterdir()
    assert json.loads(record.read_text()) == {
        "url": server.url(),
        "sha256": first.sha256,
        "size_bytes": len(server.content),
        "length_verified": True,
    }


def test_later_download_that_differs_from_the_first_is_an_error_that_says_how_to_accept_it(server, cache_dir):
    server.script(server.file())
    unknown = server.remote(sha256=None, size_bytes=None)
    first = fetch(unknown, cache_dir=cache_dir)
    first.path.unlink()
    server.script(server.file(content=b"something else"))
    with pytest.raises(HashMismatch, match=r"gave the first time; .*corpuskit cache clear --url") as caught:
        fetch(unknown, cache_dir=cache_dir)
    assert caught.value.expected == first.sha256
    assert caught.value.found == hashlib.sha256(b"something else").hexdigest()
    for path in trust.records_of(cache_dir, server.url()):
        path.unlink()
    assert fetch(unknown, cache_dir=cache_dir).path.read_bytes() == b"something else"


def test_damaged_record_of_a_first_use_is_an_error(server, cache_dir):
    server.script(server.file())
    unknown = server.remote(sha256=None, size_bytes=None)
    fetch(unknown, cache_dir=cache_dir)
    (record,) = (cache_dir / "urls").iterdir()
    record.write_text("{}")
    with pytest.raises(FetchError, match=r"the record of what .* was cannot be read; delete it"):
        fetch(unknown, cache_dir=cache_dir)


def test_slower_of_two_first_downloads_is_compared_with_the_faster(server, cache_dir):
    unknown = server.remote(sha256=None, size_bytes=None)

    def overtaken(connection, request):
        trust.save(cache_dir, server.url(), sha256="0" * 64, size_bytes=1, length_verified=True)
        server.file()(connection, request)

    server.script(overtaken)
    with pytest.raises(HashMismatch, match="gave the first time"):
        fetch(unknown, cache_dir=cache_dir)
