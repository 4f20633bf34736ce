"""Processes that are forked from this one."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from corpuskit.preparation.executors import forking


def test_forked_process_ends_with_the_one_it_was_forked_from(tmp_path):
    pids = tmp_path / "pid"

    def grandchild() -> None:
        pids.write_text(str(os.getpid()))
        time.sleep(600)

    def child() -> None:
        forking.fork(grandchild)
        while not (pids.exists() and pids.read_text()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(forking.fork(child), 0)
    stat = Path(f"/proc/{pids.read_text()}/stat")
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)


@pytest.mark.fault("P9")
def test_nothing_is_forked_beside_a_thread():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not forking.may_fork()
    finally:
        stop.set()
        thread.join()
