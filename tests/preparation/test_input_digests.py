from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
import signal
import time
from pathlib import Path

import pytest

import corpuskit
from corpuskit.config import PrepareConfig
from corpuskit.errors import SourceError, StorageError
from corpuskit.preparation import input_digests as module
from corpuskit.preparation.api import commit_parts, make_parts
from corpuskit.preparation.input_digests import InputDigests
from corpuskit.preparation.outcome import PartsMade
from corpuskit.sources.base import Input, Source
from corpuskit.sources.user_files import UserFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.txt").write_text(f"text {number}\n" * (number + 1))
    return folder


@pytest.fixture
def source(folder: Path) -> Source:
    return UserFiles([str(folder)])


@pytest.fixture(params=["process", "thread"])
def helper(request, monkeypatch) -> None:
    """Who hashes: a forked process, or a thread where none may be forked."""
    monkeypatch.setattr(module, "may_fork", lambda: request.param == "process")


def expected(folder: Path) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())]


def found(digests: InputDigests) -> list[str]:
    return [item.sha256 for item in digests.inputs()]


def test_every_helper_finds_the_same(source, folder, tmp_path, helper):
    with InputDigests(source, source.inputs(), tmp_path / "kept") as digests:
        digests.start()
        assert found(digests) == expected(folder)
    assert not (tmp_path / "kept").exists(), "what took no time is not worth a file"


def test_where_no_helper_was_begun_whoever_asks_hashes(source, folder, tmp_path):
    with InputDigests(source, source.inputs(), tmp_path / "kept") as digests:
        assert found(digests) == expected(folder)


def test_inputs_with_a_hash_are_not_read(source, folder, tmp_path, helper):
    inputs = [dataclasses.replace(item, sha256="0" * 64) for item in source.inputs()]
    for path in folder.iterdir():
        path.unlink()
    with InputDigests(source, inputs, tmp_path / "kept") as digests:
        digests.start()
        assert found(digests) == ["0" * 64] * 5


@pytest.mark.fault("D14", "T17")
def test_input_that_changed_is_an_error_for_whoever_asks(source, folder, tmp_path, helper):
    inputs = source.inputs()
    (folder / "3.txt").write_text("another text")
    with InputDigests(source, inputs, tmp_path / "kept") as digests:
        digests.start()
        with pytest.raises(SourceError, match=r"3\.txt: changed while it was in use"):
            digests.inputs()


def test_what_took_long_is_kept_for_a_later_run(source, folder, tmp_path, helper, monkeypatch):
    monkeypatch.setattr(module, "_KEEP_EVERY_S", 0.0)
    with InputDigests(source, source.inputs(), tmp_path) as digests:
        digests.start()
        digests.inputs()
    monkeypatch.setattr(type(source), "digest", lambda self, item: pytest.fail("hashed again"))
    with InputDigests(source, source.inputs(), tmp_path) as digests:
        assert found(digests) == expected(folder)


def test_kept_hash_of_a_file_that_changed_since_is_not_used(source, folder, tmp_path):
    InputDigests(source, source.inputs(), tmp_path).share(range(5))
    (folder / "2.txt").write_text("another text, or the same")
    assert found(InputDigests(source, source.inputs(), tmp_path)) == expected(folder)


def test_broken_file_of_kept_hashes_does_no_harm(source, folder, tmp_path):
    InputDigests(source, source.inputs(), tmp_path).share(range(5))
    (path,) = tmp_path.glob("digests-*.json")
    os.truncate(path, 10)  # as one that nobody flushed
    (tmp_path / "digests-0.json").write_text('["a list"]')
    assert found(InputDigests(source, source.inputs(), tmp_path)) == expected(folder)


def test_shares_of_several_runs_are_all_that_the_commit_needs(prose, tmp_path, monkeypatch):
    def config(**options: object) -> PrepareConfig:
        values = {"dataset": str(prose), "output": tmp_path / "x", "encoding": "bytes", "part_bytes": 8_000}
        return PrepareConfig.make({**values, "workers": 1, **options})

    for share in ("1/2", "2/2"):
        assert isinstance(make_parts(config(parts=share)), PartsMade)
    monkeypatch.setattr(UserFiles, "digest", lambda self, item: pytest.fail("hashed again"))
    (item,) = commit_parts(config()).corpus.manifest.inputs
    assert item.sha256 == hashlib.sha256(prose.read_bytes()).hexdigest()


def children() -> set[str]:
    """The processes that this one has started and not waited for."""
    return {pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}


class Stuck(Source):
    """Hashing its one input takes for ever."""

    def __init__(self) -> None:
        pass

    def inputs(self):
        return [Input("stuck", 1, "")]

    def digest(self, item):
        time.sleep(600)
        raise AssertionError


def test_leaving_stops_the_process(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "may_fork", lambda: True)
    before = children()
    source = Stuck()
    with InputDigests(source, source.inputs(), tmp_path) as digests:
        digests.start()
        assert len(children() - before) == 1
    assert not children() - before


def test_process_that_is_killed_leaves_the_work_to_the_others(source, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "may_fork", lambda: True)
    monkeypatch.setattr(InputDigests, "find", lambda self, on_found: os.kill(os.getpid(), signal.SIGKILL))
    with InputDigests(source, source.inputs(), tmp_path) as digests:
        digests.start()
        assert found(digests) == expected(folder)


def test_failed_run_leaves_no_file_behind(tmp_path, folder):
    with pytest.raises(corpuskit.errors.CorpuskitError):
        corpuskit.prepare(str(folder), encoding="no-such-encoding", output=tmp_path / "x")
    assert not list(tmp_path.glob(".x*"))


def test_a_flipped_bit_in_kept_hashes_is_found_and_they_are_made_again(source, folder, tmp_path):
    InputDigests(source, source.inputs(), tmp_path).share(range(5))
    (path,) = tmp_path.glob("digests-*.json")
    good = path.read_bytes()
    for position in range(0, len(good), 5):
        bad = bytearray(good)
        bad[position] ^= 1 << (position % 8)
        path.write_bytes(bad)
        assert found(InputDigests(source, source.inputs(), tmp_path)) == expected(folder)


def test_a_pipe_among_kept_hashes_keeps_nobody_waiting(source, folder, tmp_path):
    os.mkfifo(tmp_path / "digests-0.json")
    assert found(InputDigests(source, source.inputs(), tmp_path)) == expected(folder)


@pytest.mark.parametrize("call", ["open", "listdir"])
@pytest.mark.fault("D13")
def test_kept_digests_that_cannot_be_read_are_not_taken_for_missing(source, tmp_path, monkeypatch, call):
    work, real = tmp_path / "work", getattr(os, call)
    InputDigests(source, source.inputs(), work).share(range(5))

    def fail(path, *arguments, **named):
        if work in (Path(path), *Path(path).parents):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StorageError, match="cannot read .*work.*: Input/output error"):
        InputDigests(source, source.inputs(), work)
