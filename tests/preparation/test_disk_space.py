"""What a preparation takes on the disk at its peak, beside what the check before it demands."""

from __future__ import annotations

import collections
import os
import re
import shutil
from pathlib import Path

import pytest

import corpuskit
from corpuskit import storage
from corpuskit.errors import StorageError
from corpuskit.preparation import run as running
from corpuskit.preparation.disk_space import _used_bytes

Usage = collections.namedtuple("Usage", "total used free")


def used_bytes(folder):
    """What the files below a folder take on the disk, each counted once however many names it has."""
    files = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            status = Path(parent, name).lstat()
            files[status.st_ino] = status.st_blocks * 512
    return sum(files.values())


@pytest.fixture
def peak(tmp_path, monkeypatch):
    """Prepares, and measures the output's folder when it holds most: before the parts are deleted."""

    def prepare(**options):
        seen = []
        commit_directory = storage.commit_directory

        def measured(staged, final, **options):
            seen.append(used_bytes(final.parent))
            commit_directory(staged, final, **options)

        with monkeypatch.context() as patch:
            patch.setattr(storage, "commit_directory", measured)
            corpuskit.prepare(output=tmp_path / "made" / "corpus", **options)
        shutil.rmtree(tmp_path / "made")
        return max(seen)

    return prepare


@pytest.fixture
def demanded(tmp_path, monkeypatch):
    """What the check says that is needed, on a disk with next to nothing free."""

    def ask(**options):
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - 1, 1))
            with pytest.raises(StorageError) as caught:
                corpuskit.prepare(output=tmp_path / "never", **options)
        assert re.search(r"needs about [0-9,]+ bytes and 1 are free there", str(caught.value))
        return caught.value.expected

    return ask


@pytest.fixture
def text(tmp_path):
    """40,000 documents in 2 MB, of one length, so that a sample says all about them."""
    path = tmp_path / "text.txt"
    path.write_text("".join(f"document {number:6} of a corpus that is even\n" for number in range(40_000)))
    return str(path)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"part_bytes": 2**16},
        {"part_bytes": 2**13},
        {"part_bytes": 2**16, "split": "valid=0.1,test=0.1"},
        {"part_bytes": 2**16, "shard_bytes": 2**15},
        {"part_bytes": 2**17, "max_tokens": 300_000},
    ],
)
def test_the_check_demands_what_is_used_at_the_peak(text, peak, demanded, options):
    options = {"dataset": text, "encoding": "bytes", "lines": True, "split": "none", "workers": 1, **options}
    used, needed = peak(**options), demanded(**options)
    assert used <= needed <= 1.6 * used


def test_small_parts_are_there_twice(text, peak):
    options = {"dataset": text, "encoding": "bytes", "lines": True, "split": "none", "workers": 1}
    assert peak(**options, part_bytes=2**16) > 1.8 * peak(**options)


def test_finished_parts_of_an_earlier_run_need_no_more_room(text, tmp_path, demanded, monkeypatch):
    options = {"dataset": text, "encoding": "bytes", "lines": True, "split": "none", "workers": 1}
    needed = demanded(**options)
    output = tmp_path / "resumed"

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(running, "commit", stop)
        with pytest.raises(KeyboardInterrupt):
            corpuskit.prepare(output=output, **options)
    there = used_bytes(tmp_path / ".resumed.preparing")
    left = needed - there + 1
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - left, left))
    assert corpuskit.prepare(output=output, **options).path == output


@pytest.mark.fault("D1")
def test_prepare_refuses_a_disk_that_is_too_small_before_any_work(prose, tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 10**6 - 1000, 1000))
    with pytest.raises(StorageError, match=r"needs about [0-9,]+ bytes and 1,000 are free there; choose"):
        corpuskit.prepare(str(prose), encoding="gpt2", output=tmp_path / "x")
    assert not list(tmp_path.glob(".x*"))


def test_what_a_killed_commit_left_is_not_free(text, tmp_path, demanded):
    options = {"dataset": text, "encoding": "bytes", "lines": True, "split": "none", "workers": 1}
    needed = demanded(**options)
    staged = tmp_path / ".never.preparing" / f".{'0' * 16}.host.1.{'0' * 16}.tmp"
    staged.mkdir(parents=True)
    (staged / "train-00000.bin").write_bytes(bytes(2 * needed))
    assert demanded(**options) == needed


def test_files_that_vanish_meanwhile_take_nothing(tmp_path, monkeypatch):
    for name in ("kept", "gone"):
        (tmp_path / name).write_bytes(bytes(5000))
    lstat = Path.lstat

    def vanished(path):
        if path.name == "gone":
            raise FileNotFoundError(path)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", vanished)
    assert _used_bytes(tmp_path) == (tmp_path / "kept").stat().st_blocks * 512
    assert _used_bytes(tmp_path / "none") == 0
