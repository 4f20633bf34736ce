"""Finding a cluster, and starting one that only this machine sees."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import corpuskit
from corpuskit.errors import WorkerError

ray = pytest.importorskip("ray", reason="ray has no wheel for this Python")

from corpuskit_ray import cluster  # noqa: E402 - where there is a ray
from corpuskit_ray.executor import RayExecutor  # noqa: E402

LOCAL = '''
import json, os, signal, sys
from pathlib import Path
import corpuskit

def sockets():
    """The listening addresses of this session's processes, in the kernel's hexadecimal."""
    listening = {}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listening[fields[9]] = fields[1].partition(":")[0]
    found = set()
    for path in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.getsid(int(path.parts[2])) == os.getsid(0):
                found.add(listening.get(os.readlink(path)[8:-1]))
        except OSError:
            pass
    return sorted(found - {None})

heard = []
def on_progress(progress):
    if progress.parts_done and not heard:
        heard.extend(sockets())

corpuskit.prepare(
    sys.argv[1], encoding="bytes", executor="ray", workers=1, output=sys.argv[2], on_progress=on_progress
)
import ray
print(json.dumps([heard, ray.is_initialized(), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL]))
'''


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="it reads Linux's /proc")
@pytest.mark.fault("S13")
def test_a_local_cluster_is_for_this_machine_and_this_run_only(tmp_path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("some text\n" * 1000)
    sessions = tempfile.mkdtemp(prefix="ck-")  # short: the paths of sockets in it are limited
    environ = {**os.environ, "RAY_ADDRESS": "local", "RAY_TMPDIR": sessions, "HOME": str(tmp_path)}
    environ.pop("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", None)
    done = subprocess.run(
        [sys.executable, "-c", LOCAL, str(text), str(tmp_path / "x")],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    heard, still_connected, own_sigterm = json.loads(done.stdout)
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert heard
    assert set(heard) <= loopback
    assert not still_connected
    assert own_sigterm
    assert done.stderr == ""
    corpus = corpuskit.prepare(str(text), encoding="bytes", workers=1, output=tmp_path / "y")
    assert [path.read_bytes() for path in sorted((tmp_path / "x").glob("*.bin"))] == [
        path.read_bytes() for path in sorted(corpus.path.glob("*.bin"))
    ]
    shutil.rmtree(sessions, ignore_errors=True)


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"


def test_a_cluster_that_does_not_answer_is_an_error(monkeypatch, nobody) -> None:
    monkeypatch.setenv("RAY_ADDRESS", nobody)
    with pytest.raises(
        WorkerError, match=f"cannot connect to the Ray cluster at '{nobody}': nothing answers"
    ):
        cluster._join()


def test_a_cluster_that_was_killed_is_passed_over(monkeypatch, nobody) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(cluster.services, "find_gcs_addresses", set)
    monkeypatch.setattr(cluster.services, "find_bootstrap_address", lambda folder: nobody)
    assert not cluster._join()


def test_listing_executors_does_not_load_ray() -> None:
    code = (
        "import sys, corpuskit; from corpuskit import registry; "
        "assert 'ray' in [c.spec.name for c in registry.default().components(corpuskit.ExecutorSpec)]; "
        "print('ray' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_parts_need_no_cluster(monkeypatch, nobody) -> None:
    monkeypatch.setenv("RAY_ADDRESS", nobody)
    RayExecutor().run(None, [], worker=None, on_part=pytest.fail, on_work=pytest.fail)
