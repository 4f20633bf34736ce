"""Parts made by separate runs, as an array of jobs does it, and committed afterwards."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import numpy as np
import pytest

import corpuskit
from corpuskit import storage
from corpuskit.config import PrepareConfig
from corpuskit.corpus.index import new_rows
from corpuskit.errors import ConfigError, StorageError
from corpuskit.preparation import commit, found_or_made
from corpuskit.preparation.api import commit_parts, make_parts
from corpuskit.preparation.outcome import PartsMade, Prepared
from corpuskit.preparation.parts.record import PartShard
from corpuskit.preparation.run import Run
from corpuskit.value_streams import LOSS_INFO

OPTIONS = {"encoding": "bytes", "lines": True, "split": "valid=0.1", "part_bytes": 8_000, "workers": 1}


def config(prose: Path, tmp_path: Path, **options: object) -> PrepareConfig:
    return PrepareConfig.make({"dataset": str(prose), "output": tmp_path / "x", **OPTIONS, **options})


def test_shares_in_any_order_make_the_same_corpus(prose, tmp_path, assert_same):
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", **OPTIONS)
    for share in ("3/3", "1/3"):
        done = make_parts(config(prose, tmp_path, parts=share))
        assert isinstance(done, PartsMade)
        assert done.num_made == done.num_mine > 3
    message = r"of \d+ parts are missing, the first is number 2; make them with 'corpuskit prepare --parts'"
    with pytest.raises(ConfigError, match=message):
        commit_parts(config(prose, tmp_path))
    again = make_parts(config(prose, tmp_path, parts="1/3"))
    assert isinstance(again, PartsMade)
    assert again.num_made == 0
    make_parts(config(prose, tmp_path, parts="2/3"))
    assert commit_parts(config(prose, tmp_path)).made
    assert_same(whole.path, tmp_path / "x")
    assert not list(tmp_path.glob(".x*"))
    assert isinstance(make_parts(config(prose, tmp_path, parts="1/3")), Prepared)


@pytest.mark.fault("K3")
def test_plain_prepare_uses_the_parts_that_are_there(prose, tmp_path, assert_same):
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", **OPTIONS)
    make_parts(config(prose, tmp_path, parts="1/2"))
    made = corpuskit.prepare(str(prose), output=tmp_path / "x", **OPTIONS)
    assert_same(whole.path, made.path)


def test_limit_on_tokens_needs_only_the_first_parts(prose, tmp_path, assert_same):
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", max_tokens=20_000, **OPTIONS)
    for share in ("1/20", "2/20", "3/20", "4/20"):
        make_parts(config(prose, tmp_path, parts=share, max_tokens=20_000))
    commit_parts(config(prose, tmp_path, max_tokens=20_000))
    assert_same(whole.path, tmp_path / "x")


@pytest.mark.parametrize("value", ["0/3", "4/3", "1", "a/b", "1/0"])
def test_share_that_cannot_be_is_refused(prose, tmp_path, value):
    with pytest.raises(ConfigError, match="parts = "):
        config(prose, tmp_path, parts=value)


@pytest.mark.fault("C2")
def test_a_commit_whose_parts_another_one_has_used_finds_the_corpus(prose, tmp_path, monkeypatch):
    """Locks do nothing here: the other one begins and ends while this one looks for the parts."""
    make_parts(config(prose, tmp_path, parts="1/1"))
    begin = Run._begin

    def begin_late(self, made):
        monkeypatch.setattr(Run, "_begin", begin)
        assert commit_parts(config(prose, tmp_path)).made
        return begin(self, made)

    monkeypatch.setattr(Run, "_begin", begin_late)
    monkeypatch.setattr(found_or_made, "lock_or_go_on", lambda path, **options: contextlib.nullcontext())
    assert not commit_parts(config(prose, tmp_path)).made
    assert not list(tmp_path.glob(".x*"))


@pytest.mark.parametrize("step", ["write_json", "commit_directory"])
def test_a_commit_that_fails_leaves_the_parts_and_nothing_else(prose, tmp_path, monkeypatch, step):
    def fail(*_: object, **__: object) -> None:
        raise StorageError("no")

    with monkeypatch.context() as patch:
        patch.setattr(storage, step, fail)
        with pytest.raises(StorageError, match="no"):
            corpuskit.prepare(str(prose), output=tmp_path / "x", **OPTIONS)
    left = [path.name for path in (tmp_path / ".x.preparing").iterdir()]
    assert [name for name in left if name.endswith(".tmp")] == []
    assert left
    assert corpuskit.verify(corpuskit.prepare(str(prose), output=tmp_path / "x", **OPTIONS)) == []


def test_a_commit_that_fails_after_the_exchange_keeps_the_old_corpus(prose, tmp_path, monkeypatch):
    """Its name may come back with a power cut, as the folder above was not flushed."""
    corpuskit.prepare(str(prose), output=tmp_path / "x", **OPTIONS)
    flush = storage.fsync_directory

    def fail(path: Path) -> None:
        if path == tmp_path:
            raise OSError(5, "broken")
        flush(path)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "fsync_directory", fail)
        with pytest.raises(StorageError, match="broken"):
            corpuskit.prepare(
                str(prose), output=tmp_path / "x", overwrite=True, **{**OPTIONS, "split": "none"}
            )
    (old,) = (tmp_path / ".x.preparing").glob(".*.tmp")
    assert corpuskit.open(old).manifest.options["split"] == "valid=0.1"


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_stream_of_a_file_without_tokens_is_none(tmp_path):
    """It is joined with a file of a format that has no streams, whose tokens have the fill."""
    made = []
    for number, (ids, streams) in enumerate([([7, 8], {}), ([], {"loss": sha256_of(b"")})]):
        name = f"part-{number:05d}-train-00000"
        data, rows = (
            np.array(ids, "<u2").tobytes(),
            new_rows(np.array([len(ids)]), 0, [number], [1]).tobytes(),
        )
        (tmp_path / f"{name}.bin").write_bytes(data)
        (tmp_path / f"{name}.idx").write_bytes(rows)
        (tmp_path / f"{name}.loss.bin").write_bytes(b"")
        size = len(data)
        made.append(PartShard(f"{name}.bin", len(ids), 1, size, sha256_of(data), sha256_of(rows), streams))
    shard = commit._make_shard(
        "train-00000.bin", made, tmp_path, tmp_path, streams={"loss": LOSS_INFO}, earlier_bytes={}
    )
    assert (shard.num_tokens, shard.num_documents, shard.streams) == (2, 2, {})
