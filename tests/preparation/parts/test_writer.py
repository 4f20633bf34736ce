"""The files of one part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpuskit.corpus.index import new_rows, read_rows
from corpuskit.preparation.parts.encoding import EncodedDocuments
from corpuskit.preparation.parts.writer import PartWriter
from corpuskit.testing.executors import make_job


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    return make_job(tmp_path_factory.mktemp("writer"))


def add(writer, num_tokens, ends, *, open_text_bytes=0, streams=None):
    """Hand documents of one letter to a writer."""
    where = np.array(ends, np.int64)
    encoded = EncodedDocuments(np.arange(num_tokens, dtype="<u2"), where, open_text_bytes, streams or {})
    writer.add("train", encoded, new_rows(where, 0, where * 0, where * 0 + 1))


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
            ends_here = np.cumsum(lengths, dtype=np.int64)
            rows = new_rows(ends_here, 0, np.arange(len(lengths)), lengths)
            writer.add("train", EncodedDocuments(own, ends_here), rows)
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
        add(writer, 5, [3])
        assert writer.open_tokens == {"train": 2}
        add(writer, 4, [])
        assert writer.open_tokens == {"train": 6}
        add(writer, 1, [1])
        assert writer.open_tokens == {"train": 0}


def test_an_error_leaves_no_file(job, tmp_path):
    def write():
        with PartWriter(tmp_path, job, 0) as writer:
            add(writer, 100, [100])
            raise OSError("stop")

    with pytest.raises(OSError, match="stop"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_the_text_of_a_document_that_goes_on_is_counted_where_it_ends(job, tmp_path):
    with PartWriter(tmp_path, job, 0) as writer:
        add(writer, 5, [2], open_text_bytes=10)
        add(writer, 5, [], open_text_bytes=20)
        add(writer, 5, [1, 3], open_text_bytes=7)
        assert writer.open_text_bytes == {"train": 7}
        (shard,) = writer.finish()["train"]
    rows = read_rows(tmp_path / shard.index_file)
    assert rows[:, 0].tolist() == [2, 11, 13]
    assert rows[:, 3].tolist() == [1, 31, 1]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.booleans()), min_size=1, max_size=8),
    st.integers(1, 9),
)
def test_a_stream_has_an_item_for_each_token_however_shards_are_cut(tmp_path_factory, job, batches, tokens):
    """Batches that say nothing of the stream are its fill; a file without any that does has no stream."""
    folder = tmp_path_factory.mktemp("part")
    job = dataclasses.replace(job, shard_bytes=2 * tokens)
    expected = []
    with PartWriter(folder, job, 3) as writer:
        for length, said in batches:
            items = (np.arange(len(expected), len(expected) + length) % 2).astype(np.uint8)
            add(writer, length, [length], streams={"loss": items} if said else None)
            expected += items.tolist() if said else [1] * length
        shards = writer.finish().get("train", ())
    found = []
    for shard in shards:
        if "loss" in shard.streams:
            items = np.fromfile(folder / shard.stream_file("loss"), np.uint8)
            assert len(items) == shard.num_tokens
            found += items.tolist()
        else:
            found += [1] * shard.num_tokens
    assert found == expected
