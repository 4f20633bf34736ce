"""Time limits inside the calls of other libraries."""

from __future__ import annotations

import threading

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching.verified import FetchOptions, fetch
from corpuskit.registry.specs import RemoteFile


def test_a_file_system_that_hangs_is_left(cache_dir, monkeypatch):
    import fsspec

    system, release = fsspec.filesystem("memory"), threading.Event()

    class Hanging:
        size = None

        def read(self, size):
            release.wait(30)
            return b""

        def close(self):
            pass

    monkeypatch.setattr(type(system), "open", lambda self, path, mode="rb", **options: Hanging())
    options = FetchOptions(total_timeout_s=0.2, max_attempts=1)
    with pytest.raises(FetchError, match="the time limit was reached"):
        fetch(RemoteFile("memory://limits/a.txt"), cache_dir=cache_dir, options=options)
    release.set()


@pytest.mark.fault("N4")
def test_total_time_limit_ends_the_retries(server, cache_dir, fake):
    server.script(server.status("500 Internal Server Error"))
    options = fake.options(total_timeout_s=100, backoff_base_s=40, backoff_cap_s=40, max_attempts=99)
    with pytest.raises(FetchError, match="time limit of 100 seconds leaves no time for another attempt"):
        fetch(server.remote(), cache_dir=cache_dir, options=options)
    assert fake.slept == [40, 40]


def test_time_limit_ends_a_transfer_that_goes_on(server, cache_dir, fake):
    server.script(server.drip())

    def clock():
        fake.now += 1.0
        return fake.now

    with pytest.raises(FetchError, match="the time limit was reached"):
        fetch(server.remote(), cache_dir=cache_dir, options=fake.options(clock=clock, total_timeout_s=30))
