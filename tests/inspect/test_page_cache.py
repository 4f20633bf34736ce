"""Whether the system has let go of files; it is asked, and what it does not say is a no."""

from __future__ import annotations

import errno
import os

import pytest

from corpuskit.inspect.page_cache import drop


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "a.bin", tmp_path / "empty.bin"]
    paths[0].write_bytes(bytes(2**20))
    paths[1].touch()
    return paths


@pytest.fixture
def advised(monkeypatch):
    told = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *args: told.append(args[1:]), raising=False)
    monkeypatch.setattr(os, "POSIX_FADV_DONTNEED", 4, raising=False)
    monkeypatch.setattr(os, "RWF_NOWAIT", 8, raising=False)
    return told


def answer(monkeypatch, reply):
    def preadv(fd, buffers, offset, flags):
        assert flags == 8
        if isinstance(reply, Exception):
            raise reply
        return reply

    monkeypatch.setattr(os, "preadv", preadv, raising=False)


def test_files_of_which_nothing_can_be_read_at_once_are_cold(files, advised, monkeypatch):
    answer(monkeypatch, BlockingIOError(errno.EAGAIN, "not in memory"))
    assert drop(files)
    assert advised == [(0, 0, 4)] * 2


@pytest.mark.parametrize("reply", [1, OSError(errno.EOPNOTSUPP, "what?")])
def test_files_that_stay_or_may_stay_are_not_cold_and_all_are_asked_of(files, advised, monkeypatch, reply):
    answer(monkeypatch, reply)
    assert not drop(files)
    assert len(advised) == 2


def test_a_system_that_cannot_be_told_or_asked_has_no_cold_files(files, advised, monkeypatch):
    monkeypatch.delattr(os, "RWF_NOWAIT")
    assert not drop(files)
    monkeypatch.delattr(os, "posix_fadvise")
    assert not drop(files)


def test_bytes_are_the_same_afterwards(files):
    drop(files)
    assert files[0].read_bytes() == bytes(2**20)
