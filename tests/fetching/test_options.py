"""The limits that a caller sets."""

from __future__ import annotations

import pytest

from corpuskit.errors import HashMismatch
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile


def nothing_published(cache_dir):
    return not list(cache_dir.glob("files/*/*")) and not list(cache_dir.glob("urls/*"))


@pytest.mark.fault("N18")
def test_endless_data_stops_at_the_limit_where_no_size_is_known(server, cache_dir, fake):
    server.script(server.endless())
    with pytest.raises(HashMismatch, match="it has more than 1,000,000 bytes"):
        fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options(max_bytes=1_000_000))
    assert nothing_published(cache_dir)


@pytest.mark.fault("N18")
def test_size_beyond_the_limit_is_not_downloaded(server, cache_dir, fake):
    server.script(server.file())
    with pytest.raises(HashMismatch, match=r"more than 9 bytes \(\d+,?\d+ bytes, 'text/plain', beginning"):
        fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options(max_bytes=9))
