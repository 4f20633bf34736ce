"""The files of one part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpuskit.corpus.index import new_rows, read_rows
from corpuskit.preparation.parts.writer import PartWriter
from corpuskit.testing.executors import make_job


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    return make_job(tmp_path_factory.mktemp("writer"))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(0, 7), max_size=6), min_size=1, max_size=6), st.integers(1, 9))
@example([[0, 0, 5], [0]], 5)
def test_ids_and_ends_are_the_same_however_shards_are_cut(tmp_path_factory, job, batches, shard_tokens):
    folder = tmp_path_factory.mktemp("part")
    job = dataclasses.replace(job, shard_bytes=2 * shard_tokens)
    ids, ends = [], []
    with PartWriter(folder, job, 3) as writer:
        for lengths in batches:
            own = np.arange(len(ids), len(ids) + sum(lengths)).astype("<u2")
            ends += (len(ids) + np.cumsum(lengths, dtype=np.int64)).tolist()
            ids += own.tolist()
            writer.add("train", own, new_rows(np.cumsum(lengths), 0, np.arange(len(lengths))))
        shards = writer.finish().get("train", ())
    found_ids, found_ends = [], []
    for shard in shards:
        part = np.fromfile(folder / shard.file, "<u2")
        rows = read_rows((folder / shard.file).with_suffix(".idx"))
        assert len(part) == shard.num_tokens <= shard_tokens
        assert len(rows) == shard.num_documents
        found_ends += (len(found_ids) + rows[:, 0].astype(np.int64)).tolist()
        found_ids += part.tolist()
    assert (found_ids, found_ends) == (ids, ends)


def test_ids_after_the_last_end_are_counted_as_open(job, tmp_path):
    with PartWriter(tmp_path, job, 0) as writer:
        writer.add("train", np.arange(5, dtype="<u2"), new_rows(np.array([3]), 0, [0]))
        assert writer.open_tokens == {"train": 2}
        writer.add("train", np.arange(4, dtype="<u2"), new_rows(np.array([], np.int64), 0, []))
        assert writer.open_tokens == {"train": 6}
        writer.add("train", np.arange(1, dtype="<u2"), new_rows(np.array([1]), 0, [0]))
        assert writer.open_tokens == {"train": 0}


def test_an_error_leaves_no_file(job, tmp_path):
    def write():
        with PartWriter(tmp_path, job, 0) as writer:
            writer.add("train", np.arange(100, dtype="<u2"), new_rows(np.array([100]), 0, [0]))
            raise OSError("stop")

    with pytest.raises(OSError, match="stop"):
        write()
    assert list(tmp_path.iterdir()) == []
