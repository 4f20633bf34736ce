"""SIGKILL between any two requests of a run whose corpus goes to an object store."""

from __future__ import annotations

import importlib.util
import os
import queue
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_tools import names, write_texts

_path = Path(__file__).parents[1] / "conftest.py"
_spec = importlib.util.spec_from_file_location("remote_fixtures", _path)
stores = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stores)
_proxy, s3, bucket, keys = stores._proxy, stores.s3, stores.bucket, stores.keys

COMMAND = ("prepare", "./texts", "--encoding", "bytes", "--part-bytes", "3K", "--shard-bytes", "5K", "-q")


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
        outcome = started.wait()
        num_requests = sum(request.key.startswith(place) for request in s3.requests)
        return outcome, without_run(keys(f"{bucket}/{place}")), names(folder), num_requests

    return start


def without_run(found):
    return {name: data for name, data in found.items() if name != "run.json"}


@pytest.mark.fault("P2", "O8", "O10")
def test_killed_at_any_request_the_store_has_the_whole_corpus_or_none(publish, s3, draw):
    s3.requests.clear()
    outcome, expected, left, num_requests = publish("clean")
    assert (outcome.code, outcome.stderr) == (0, "")

    def problems_of(nth: int) -> Iterator[str]:
        place, seen, pids = f"place-{draw.random.random()}", [], queue.Queue()
        fate = draw.random.choice(["cut", "lose"])

        def fault(request):
            if not request.key.startswith(place):
                return None
            seen.append(request)
            if len(seen) != nth:
                return None
            os.killpg(pids.get(), signal.SIGKILL)
            return fate

        s3.fault = fault
        killed, there, *_ = publish(place, on_start=pids.put)
        at = f"at {seen[-1]}, {fate}"
        if killed.code != -signal.SIGKILL:
            yield f"{at}: {killed}"
        if "manifest.json" in there and not expected.items() <= there.items():
            yield f"{at}: a manifest and {sorted(there)}"
        s3.fault = lambda request: None
        outcome, there, now_left, _ = publish(place)
        if (outcome.code, outcome.stderr) != (0, ""):
            yield f"{at}: the next run: {outcome}"
        if there != expected:
            yield f"{at}: then there is {sorted(there)} and not {sorted(expected)}"
        if now_left != left:
            yield f"{at}: what is left here: {sorted(now_left ^ left)}"

    rounds = range(1, num_requests + 1)
    draw.check(draw.random.choices(rounds, k=draw.count(3)), problems_of)
