"""SIGKILL between any two requests of a run whose corpus goes to an object store."""

from __future__ import annotations

import importlib.util
import os
import queue
import signal
from pathlib import Path

import pytest
from fault_tools import names, write_texts

_path = Path(__file__).parents[1] / "remote" / "conftest.py"
_spec = importlib.util.spec_from_file_location("remote_fixtures", _path)
stores = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stores)
_proxy, s3, bucket, keys = stores._proxy, stores.s3, stores.bucket, stores.keys

COMMAND = ("prepare", "texts", "--encoding", "bytes", "--part-bytes", "3K", "--shard-bytes", "5K", "-q")


@pytest.fixture
def publish(s3, bucket, keys, launcher):
    """Prepares into a place of the bucket, in a folder that is made new."""
    environ = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    def start(place: str, *, on_start=lambda pid: None):
        folder = launcher.control.scope / place
        write_texts(folder / "texts")
        started = launcher.start(
            (*COMMAND, "--workers", "1", "-o", f"{bucket}/{place}"), folder, environ=environ
        )
        on_start(started.pid)
        return started.wait(), without_run(keys(f"{bucket}/{place}")), names(folder)

    return start


def without_run(found):
    return {name: data for name, data in found.items() if name != "run.json"}


@pytest.mark.fault("P2", "O8", "O10")
def test_killed_at_any_request_the_store_has_the_whole_corpus_or_none(publish, s3, draw):
    outcome, expected, left = publish("clean")
    assert (outcome.code, outcome.stderr) == (0, "")
    num_requests = len([request for request in s3.requests if request.key.startswith("clean")])
    for number, nth in enumerate(draw.random.choices(range(1, num_requests + 1), k=draw.count(4))):
        place, seen, pids = f"{draw.random.random()}-{number}", [], queue.Queue()
        fate = draw.random.choice(["cut", "lose"])

        def fault(request, place=place, seen=seen, pids=pids, nth=nth, fate=fate):
            if not request.key.startswith(place):
                return None
            seen.append(request)
            if len(seen) != nth:
                return None
            os.killpg(pids.get(), signal.SIGKILL)
            return fate

        s3.fault = fault
        killed, there, _ = publish(place, on_start=pids.put)
        assert killed.code == -signal.SIGKILL, (nth, seen, killed)
        assert "manifest.json" not in there or expected.items() <= there.items()
        s3.fault = lambda request: None
        outcome, there, now_left = publish(place)
        assert (outcome.code, outcome.stderr) == (0, ""), (nth, seen[-1])
        assert there == expected, (nth, seen[-1])
        assert now_left == left, (nth, seen[-1])
