"""Records of finished parts: believed as far as they can be checked."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from corpuskit import reading, sealed
from corpuskit.errors import StorageError
from corpuskit.preparation.parts.job import Job
from corpuskit.preparation.parts.record import PartRecord, record_path
from corpuskit.preparation.parts.worker import Worker
from corpuskit.testing.executors import make_job


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return make_job(tmp_path)


@pytest.fixture
def folder(job: Job) -> Path:
    """A job's folder with part 5 finished, which has two shards."""
    Worker(job).run(5)
    return Path(job.folder)


def load(folder: Path) -> PartRecord | None:
    return PartRecord.load(folder, 5, fingerprint="0" * 64, check_bytes=True)


def test_a_record_comes_back_as_it_was_saved(job, folder):
    record = load(folder)
    assert record == Worker(job).run(5)
    assert len(record.shards["train"]) > 1


def test_every_flipped_bit_of_a_record_costs_the_part_and_nothing_else(folder):
    path = record_path(folder, 5)
    data = path.read_bytes()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        assert load(folder) is None, at
    path.write_bytes(data)
    assert load(folder) is not None


def changed(value, *keys, to):
    inner = value
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = to
    return value


SHARD = ("shards", "train", 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: changed(value, "shards", to={}),
        lambda value: changed(value, "shards", "train", to=[]),
        lambda value: changed(value, "shards", to=None),
        lambda value: changed(value, "shards", "../train", to=value["shards"].pop("train")),
        lambda value: changed(value, *SHARD, "file", to="../part-00005-train-00000.bin"),
        lambda value: changed(value, *SHARD, "file", to="/etc/passwd"),
        lambda value: changed(value, *SHARD, "file", to="part-00004-train-00000.bin"),
        lambda value: changed(value, *SHARD, "num_tokens", to=1),
        lambda value: changed(value, *SHARD, "num_tokens", to="256"),
        lambda value: changed(value, *SHARD, "num_tokens", to=True),
        lambda value: changed(value, *SHARD, "num_documents", to=-1),
        lambda value: changed(value, *SHARD, "size_bytes", to=10**30),
        lambda value: changed(value, *SHARD, "sha256", to="0" * 64),
        lambda value: changed(value, "num_documents", to=0),
        lambda value: changed(value, "num_documents", to=1e300),
        lambda value: changed(value, "num_open_tokens", to=10**9),
        lambda value: changed(value, "text_bytes", to=-1),
        lambda value: changed(value, "left_out", to={"empty": -1}),
        lambda value: changed(value, "left_out", to=[]),
        lambda value: changed(value, "places", to=[["empty", 5]]),
        lambda value: changed(value, "number", to=4),
        lambda value: changed(value, "fingerprint", to="1" * 64),
        lambda value: {},
        lambda value: {"number": 5},
    ],
)
def test_a_record_that_contradicts_itself_costs_the_part_even_with_a_right_digest(folder, change, caplog):
    path = record_path(folder, 5)
    value = json.loads(path.read_bytes())
    path.write_bytes(sealed.to_bytes(change(value) or {"none": 0}))
    assert load(folder) is None
    assert "part-00005.json is of no use, and its part is made again: " in caplog.text


@pytest.mark.parametrize(
    "name", ["part-00005.json", "part-00005-train-00000.bin", "part-00005-train-00000.idx"]
)
@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_only_regular_files_are_read(folder, tmp_path, name, kind):
    path = folder / name
    path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert load(folder) is None


def test_a_record_that_cannot_be_read_is_not_one_that_is_missing(folder, monkeypatch):
    def fail(path, **options):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(reading, "read_file", fail)
    with pytest.raises(StorageError, match=r"cannot read .*part-00005\.json: Input/output error"):
        load(folder)
