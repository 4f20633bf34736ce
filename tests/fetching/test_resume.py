from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from corpuskit import storage
from corpuskit.errors import FetchError, HashMismatch
from corpuskit.fetching.claims import Validator
from corpuskit.fetching.partial import Partial, open_partial
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

OLD = "Wed, 21 Oct 2015 07:28:00 GMT"


def give_up(server, cache_dir, fake, *steps, **fields):
    """A download that stops after what the steps send, leaving what it has."""
    server.script(*steps, server.status("404 Not Found"))
    with pytest.raises(FetchError):
        fetch(server.remote(**fields), cache_dir=cache_dir, options=fake.options())


def ranges(server):
    return [request.headers.get("range") for request in server.requests]


@pytest.mark.fault("N1", "N8")
def test_cut_download_goes_on_where_it_was_and_asks_for_the_same_version(server, cache_dir, fake):
    server.script(server.file(cut=50_000), server.file())
    fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert ranges(server) == [None, "bytes=50000-"]
    assert server.requests[1].headers["if-range"] == '"v1"'
    assert server.bytes_sent == len(server.content)


def test_ten_cuts_cost_no_byte_twice_and_no_attempts(server, cache_dir, fake):
    server.script(*[server.file(cut=10_000)] * 10, server.file())
    fetch(server.remote(), cache_dir=cache_dir, options=fake.options(max_attempts=2))
    assert server.bytes_sent == len(server.content)


@pytest.mark.parametrize("known", [True, False])
def test_later_fetch_goes_on_with_what_an_earlier_one_left(server, cache_dir, fake, known):
    fields = {} if known else {"sha256": None, "size_bytes": None}
    give_up(server, cache_dir, fake, server.file(cut=50_000), **fields)
    server.script(server.file())
    found = fetch(server.remote(**fields), cache_dir=cache_dir, options=fake.options())
    assert ranges(server)[-1] == "bytes=50000-"
    assert found.path.read_bytes() == server.content
    assert list((cache_dir / "partials").iterdir()) == []


def test_last_modified_and_length_serve_where_there_is_no_etag(server, cache_dir, fake):
    give_up(server, cache_dir, fake, server.file(etag=None, modified=OLD, cut=50_000))
    server.script(server.file(etag=None, modified=OLD))
    fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert (ranges(server)[-1], server.requests[-1].headers["if-range"]) == ("bytes=50000-", OLD)


@pytest.mark.parametrize(
    "weak",
    [
        {"etag": None},
        {"etag": 'W/"v1"'},
        {"etag": None, "modified": "yesterday"},
        {"etag": None, "modified": OLD, "headers": {"Date": OLD}},
        {"etag": None, "modified": OLD, "chunked": True},
    ],
    ids=str,
)
@pytest.mark.fault("N9")
def test_weak_validator_leaves_nothing_to_go_on_with(server, cache_dir, fake, weak):
    give_up(server, cache_dir, fake, server.file(cut=50_000, **weak))
    assert list((cache_dir / "partials").iterdir()) == []
    server.script(server.file(**weak))
    assert fetch(server.remote(), cache_dir=cache_dir, options=fake.options()).size_bytes == 102_400
    assert ranges(server)[-1] is None


@pytest.mark.fault("N8")
def test_file_that_changed_between_two_runs_is_downloaded_whole(server, cache_dir, fake):
    give_up(server, cache_dir, fake, server.file(content=b"o" * 102_400, etag='"old"', cut=50_000))
    server.script(server.file())
    found = fetch(server.remote(sha256=None), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content


def test_partial_of_another_url_is_not_mixed_in(server, other_server, cache_dir, fake):
    give_up(server, cache_dir, fake, server.file(cut=50_000))
    other_server.script(other_server.file())
    file = RemoteFile(other_server.url(), sha256=server.remote().sha256)
    assert fetch(file, cache_dir=cache_dir, options=fake.options()).path.read_bytes() == server.content
    assert ranges(other_server) == [None]
    assert list((cache_dir / "partials").iterdir()) == []


def test_damaged_partial_is_dropped(server, cache_dir, fake, caplog):
    give_up(server, cache_dir, fake, server.file(cut=50_000))
    (part,) = (cache_dir / "partials").glob("*.part")
    part.write_bytes(b"\0" * 50_000)  # as after a power cut
    server.script(server.file())
    found = fetch(server.remote(sha256=None), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content
    server.script(server.file())
    found.path.unlink()
    assert fetch(server.remote(), cache_dir=cache_dir, options=fake.options()).size_bytes == 102_400
    assert "unfinished download is damaged" in caplog.text
    assert ranges(server)[-1] is None


@pytest.mark.parametrize("record", ["", "[]", "{}"])
def test_partial_without_a_record_that_can_be_read_is_not_used(server, cache_dir, fake, record):
    give_up(server, cache_dir, fake, server.file(cut=50_000))
    (path,) = (cache_dir / "partials").glob("*.json")
    path.write_text(record)
    server.script(server.file())
    fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert ranges(server)[-1] is None
    assert list((cache_dir / "partials").iterdir()) == []


def test_download_that_ended_before_its_commit_asks_for_nothing(server, cache_dir, fake, monkeypatch):
    server.script(server.file())

    def full(self, path):
        raise storage.StorageError("cannot commit: no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Partial, "publish", full)
        with pytest.raises(storage.StorageError):
            fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert fetch(server.remote(), cache_dir=cache_dir, options=fake.options()).size_bytes == 102_400
    assert len(server.requests) == 1


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.fault("N10")
def test_416_is_accepted_only_with_the_right_hash(server, cache_dir, fake, right):
    file = server.remote(size_bytes=None)
    folder = cache_dir / "partials"
    folder.mkdir(parents=True)
    partial = Partial(folder, file.sha256, server.url(), checkpoint_bytes=2**20)
    partial.validator = Validator(etag='"v1"')  # its size was never said
    partial.write(server.content if right else b"z" * len(server.content))
    partial.leave()
    server.script(server.file())
    assert fetch(file, cache_dir=cache_dir, options=fake.options()).path.read_bytes() == server.content
    assert ranges(server) == ["bytes=102400-"] + [None] * (not right)


def test_interrupted_download_keeps_what_it_has(server, cache_dir, fake):
    server.script(server.file(cut=60_000, then="stall"), server.file())

    def interrupt(progress):
        if progress.done_bytes == 60_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server.remote(), cache_dir=cache_dir, options=fake.options(), on_progress=interrupt)
    fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert ranges(server)[-1] == "bytes=60000-"


@pytest.mark.fault("C6")
def test_partial_of_a_living_process_is_left_alone(server, cache_dir, fake):
    file = server.remote()
    folder = cache_dir / "partials"
    folder.mkdir(parents=True)
    with open_partial(folder, file.sha256, server.url(), checkpoint_bytes=1) as partial:
        partial.validator = Validator(etag='"v1"', total_bytes=102_400)
        partial.write(server.content[:1000])
        server.script(server.file())
        fetch(file, cache_dir=cache_dir, options=fake.options())
        assert ranges(server) == [None]
        partial.write(server.content[1000:])
        partial.publish(cache_dir / "files" / file.sha256[:2] / file.sha256)
    assert fetch(file, cache_dir=cache_dir).path.read_bytes() == server.content


def test_wrong_hash_after_a_resumption_is_followed_by_a_whole_download(server, cache_dir, fake):
    lying = server.file(content=b"q" * 102_400)  # says it is the same version, and is not
    server.script(server.file(cut=50_000), lying, server.file())
    found = fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content
    assert ranges(server) == [None, "bytes=50000-", None]


CHILD = """
import sys
from pathlib import Path
from corpuskit.fetching import FetchOptions, fetch
from corpuskit.registry.specs import RemoteFile
url, sha256, cache_dir = sys.argv[1:]
print("started", flush=True)
file = RemoteFile(url, sha256=sha256 or None)
print(fetch(file, cache_dir=Path(cache_dir), options=FetchOptions(checkpoint_bytes=4096)).sha256)
"""


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.fault("P2")
def test_killed_process_loses_at_most_a_checkpoint(server, cache_dir, fake, known):
    server.content = os.urandom(400_000)
    server.script(server.file(cut=300_000, then="stall"), server.file())
    file = server.remote(size_bytes=None, **({} if known else {"sha256": None}))
    arguments = [sys.executable, "-c", CHILD, file.url, file.sha256 or "", str(cache_dir)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as child:
        while True:
            records = list(cache_dir.glob("partials/*.json"))
            if records and json.loads(records[0].read_bytes())["size_bytes"] > 250_000:
                break
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
    assert not list(cache_dir.glob("files/*/*"))
    found = fetch(file, cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content
    start = int(ranges(server)[-1].removeprefix("bytes=").removesuffix("-"))
    assert 250_000 < start <= 300_000
    assert list((cache_dir / "partials").iterdir()) == []


def test_hash_mismatch_leaves_nothing_to_go_on_with(server, cache_dir, fake):
    server.script(server.file(content=b"z" * 102_400))
    with pytest.raises(HashMismatch):
        fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    assert list((cache_dir / "partials").iterdir()) == []
