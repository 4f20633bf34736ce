"""A corpus of 40 shards, on this machine and in a store."""

from __future__ import annotations

import threading

import pytest

import corpuskit

#: 40 shards of 10,000 bytes, but for the last.
MANY = {"encoding": "bytes", "split": "none", "part_bytes": 500_000, "shard_bytes": 10_000}


@pytest.fixture(scope="session")
def local(tmp_path_factory):
    """A corpus of 40 shards on disk, which nobody changes."""
    folder = tmp_path_factory.mktemp("many")
    path = folder / "text.txt"
    path.write_text("".join(f"{number:06d} is a number{'!' * (number % 9)}\n" for number in range(8_600)))
    corpus = corpuskit.prepare(str(path), output=folder / "local", lines=True, workers=1, **MANY)
    assert len(corpus["train"].shard_starts) == 41
    return corpus


def upload(corpus, url: str) -> str:
    """Put a corpus in a store by other means."""
    import fsspec

    fsspec.filesystem("s3").put([str(path) for path in sorted(corpus.path.iterdir())], url + "/")
    return url


@pytest.fixture
def settled():
    """Afterwards nothing is being fetched ahead any more, which later tests would see."""
    yield
    for thread in threading.enumerate():
        if thread.name == "corpuskit-shards":
            thread.join(timeout=30)


@pytest.fixture
def uploaded():
    return upload


@pytest.fixture
def own_url(local, bucket):
    """The same corpus in a bucket of the test's own."""
    return upload(local, f"{bucket}/many")


_uploaded: dict[int, str] = {}


@pytest.fixture
def url(local, s3, bucket):
    """The same corpus in a bucket that tests share, and do not change."""
    if s3.server_port not in _uploaded:
        _uploaded[s3.server_port] = upload(local, f"{bucket}/many")
    s3.requests.clear()
    return _uploaded[s3.server_port]
