"""Locks between processes, and going on where there is none to be had."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys

import pytest

from corpuskit import locks
from corpuskit.errors import StorageError


@pytest.mark.fault("C5")
def test_second_holder_of_a_lock_waits_and_a_dead_one_does_not_hold_it(tmp_path):
    path = tmp_path / "lock"
    script = (
        "import sys, pathlib; from corpuskit import locks\n"
        "with locks.lock(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"held\n"
    waited = []
    with (
        pytest.raises(StorageError, match="another process holds"),
        locks.lock(path, timeout_s=0, on_wait=lambda: waited.append(True)),
    ):
        pass
    assert waited == [True]
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    with locks.lock(path, timeout_s=5):
        pass


def test_a_lock_that_cannot_be_released_hides_nothing(tmp_path, monkeypatch):
    import fcntl

    def fail(*arguments: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def hold() -> None:
        with locks.lock(tmp_path / "lock"):
            monkeypatch.setattr(fcntl, "flock", fail)
            raise RuntimeError("first")

    with pytest.raises(RuntimeError, match="first"):
        hold()


@pytest.mark.parametrize("target", ["file", "nowhere"])
def test_a_lock_that_is_a_link_is_not_followed(tmp_path, target):
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "lock").symlink_to(target)
    with (
        pytest.raises(StorageError, match="cannot lock .*: it is a link; delete it"),
        locks.lock(tmp_path / "lock"),
    ):
        pass
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "lock"]


@pytest.mark.parametrize("why", ["held", "refused"])
@pytest.mark.fault("C5")
def test_where_no_lock_is_to_be_had_the_work_goes_on_and_the_log_says_why(tmp_path, caplog, why):
    caplog.set_level("DEBUG", "corpuskit")
    path, waited = tmp_path / "lock", []
    if why == "refused":
        path.symlink_to("elsewhere")
    with contextlib.ExitStack() as stack:
        if why == "held":
            stack.enter_context(locks.lock(path))
        with locks.lock_or_go_on(path, timeout_s=0, on_wait=lambda: waited.append(True)):
            pass
    assert waited == [True] * (why == "held")
    (record,) = caplog.records
    assert record.levelname == "DEBUG"
    assert record.message.startswith("going on without a lock: ")
    assert str(path) in record.message


def test_a_lock_that_is_free_is_held_for_as_long_as_the_work_takes(tmp_path):
    path = tmp_path / "lock"
    with (
        locks.lock_or_go_on(path),
        pytest.raises(StorageError, match="another process holds"),
        locks.lock(path, timeout_s=0),
    ):
        pass
    with locks.lock(path, timeout_s=0):
        pass


def test_what_goes_wrong_while_a_lock_is_held_is_not_taken_for_the_lock(tmp_path):
    with pytest.raises(StorageError, match="the work"), locks.lock_or_go_on(tmp_path / "lock"):
        raise StorageError("the work")
