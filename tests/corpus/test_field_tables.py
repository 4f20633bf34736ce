"""Kept fields as they are read: whatever a file says, it is read in its bounds or refused in one line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpuskit
from corpuskit import sealed
from corpuskit.cli.facts import fields_of
from corpuskit.corpus import fields
from corpuskit.corpus.field_tables import check_footer, shard_table, split_table
from corpuskit.corpus.fields import FieldsWriter
from corpuskit.errors import CorpusFormatError

TYPES = {"id": "str", "n": "int", "x": "float", "is_good": "bool"}
ROWS = [("a", 1, 0.5, True), (None, None, None, None), ("ü" * 9, -(2**63), -0.0, False)] * 4
BATCH = pa.record_batch({"id": ["aaaa", "bbbb", "cccc"], "n": pa.array([1, 2, 3], pa.int64())})
BATCH_TYPES = {"id": "str", "n": "int"}


class Kept:
    """A split of shards that are such files."""

    name = "train"

    def __init__(self, *shards, rows) -> None:
        self.shards = [np.frombuffer(data, np.uint8) for data in shards]
        self.shard_documents = np.cumsum([0, *rows])
        self.sound_fields: set[tuple[int, int]] = set()

    def fields_data(self, number):
        return self.shards[number]


def written(path: Path, rows=ROWS) -> bytes:
    with pytest.MonkeyPatch.context() as patch, FieldsWriter(path, TYPES) as file:
        patch.setattr(fields, "BATCH_ROWS", 5)
        file.add({name: [row[k] for row in rows] for k, name in enumerate(TYPES)}, len(rows))
    return path.read_bytes()


def arrow(*batches, **options) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batches[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as file:
        for batch in batches:
            file.write(batch)
    return sink.getvalue().to_pybytes()


def with_ends(data: bytes, ends) -> bytes:
    """A file whose texts end elsewhere."""
    found = np.array([0, 4, 8, 12], np.int32).tobytes()
    assert data.count(found) == 1
    return data.replace(found, np.array(ends, np.int32).tobytes())


def damaged(kind: str) -> bytes:
    good = arrow(BATCH)
    return {
        "ends far behind the file": lambda: with_ends(good, [0, 4, 8, 2**31 - 1]),
        "ends before the file": lambda: with_ends(good, [0, -100, 8, 12]),
        "ends out of order": lambda: with_ends(good, [10, 4, 8, 12]),
        "no text": lambda: good.replace(b"aaaa", b"\xff\xfe\xfda"),
        "a doubled column": lambda: arrow(
            pa.record_batch([*BATCH.columns, BATCH.column(1)], names=["id", "n", "n"])
        ),
        "large text": lambda: arrow(BATCH.set_column(0, "id", BATCH["id"].cast(pa.large_string()))),
        "a dictionary": lambda: arrow(BATCH.set_column(0, "id", BATCH["id"].dictionary_encode())),
        "metadata": lambda: arrow(BATCH.replace_schema_metadata({"a": "b"})),
        "compressed": lambda: arrow(BATCH, compression="zstd"),
        "few rows": lambda: arrow(BATCH.slice(1)),
        "empty": lambda: b"",
        "half": lambda: good[: len(good) // 2],
        "nothing but a beginning": lambda: b"ARROW1\0\0" + b"\xff" * 300,
    }[kind]()


DAMAGE = [
    *("ends far behind the file", "ends before the file", "ends out of order", "no text", "a doubled column"),
    *("large text", "a dictionary", "metadata", "compressed", "few rows", "empty", "half"),
    "nothing but a beginning",
]


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_refused_in_one_line(kind):
    split = Kept(damaged(kind), rows=[3])
    with pytest.raises(
        CorpusFormatError, match=r"^the fields of shard 0 of split 'train': [^\n]*--overwrite$"
    ):
        split_table(split, BATCH_TYPES)


@pytest.mark.parametrize("kind", ["ends far behind the file", "compressed", "a doubled column"])
def test_every_way_to_fields_refuses_a_damaged_file_and_verify_finds_it(kind, tmp_path):
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"id": each, "n": 1, "text": each}) + "\n" for each in ("aaaa", "bbbb", "cccc"))
    )
    corpuskit.prepare(tmp_path / "a.jsonl", encoding="bytes", keep="id,n", output=tmp_path / "c")
    path, manifest = tmp_path / "c" / "train-00000.fields.arrow", tmp_path / "c" / "manifest.json"
    data, value = damaged(kind), json.loads(manifest.read_text())
    path.write_bytes(data)
    record = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    value["splits"]["train"]["shards"][0]["fields"] = record
    del value["sha256"]
    manifest.write_bytes(sealed.to_bytes(value))
    corpus = corpuskit.open(tmp_path / "c")
    for read in (
        lambda: fields_of(corpus),
        corpus["train"].fields,
        lambda: corpus["train"].document_fields(1),
        lambda: corpuskit.select(corpus["train"], "id = 'aaaa'"),
    ):
        with pytest.raises(CorpusFormatError, match="the fields of shard 0"):
            read()
    assert {problem.file for problem in corpuskit.verify(corpus)} == {path.name}


def test_compressed_values_are_refused_before_they_are_anything():
    bomb = pa.record_batch({"id": pa.array(["\0" * 2**26, "b", "c"]), "n": BATCH["n"]})
    for compression in ("zstd", "lz4"):
        split = Kept(arrow(bomb, compression=compression), rows=[3])
        before = pa.default_memory_pool().max_memory()
        with pytest.raises(CorpusFormatError, match="compressed, which corpuskit never does"):
            shard_table(split, 0, BATCH_TYPES)
        assert pa.default_memory_pool().max_memory() == before


def test_changed_bytes_give_rows_or_an_error(tmp_path):
    good = np.frombuffer(written(tmp_path / "x"), np.uint8)

    @given(st.lists(st.tuples(st.integers(0, len(good) - 1), st.integers(0, 255)), min_size=1, max_size=3))
    def check(changes):
        data = good.copy()
        for place, value in changes:
            data[place] = value
        split = Kept(data.tobytes(), rows=[len(ROWS)])
        try:
            table = shard_table(split, 0, TYPES)
            check_footer(split, 0, TYPES)
        except CorpusFormatError:
            return
        assert len(table.to_pylist()) == len(ROWS)

    check()


@given(st.integers(0, 12), st.integers(0, 12))
def test_rows_of_a_shard_are_those_asked_for(tmp_path_factory, start, stop):
    split = Kept(written(tmp_path_factory.mktemp("fields") / "x"), rows=[12])
    rows = [dict(zip(TYPES, row, strict=True)) for row in ROWS]
    assert shard_table(split, 0, TYPES, start, stop).to_pylist() == rows[start:stop]


def test_the_first_rows_of_a_split_are_those_of_its_first_shards(tmp_path):
    data = written(tmp_path / "x")
    split = Kept(data, data, b"damaged", rows=[12, 12, 12])
    rows = [dict(zip(TYPES, row, strict=True)) for row in ROWS] * 2
    for most in (0, 1, 12, 13, 24):
        assert split_table(split, TYPES, most=most).to_pylist() == rows[:most]


def test_without_fields_there_is_a_table_without_columns():
    assert split_table(Kept(b"", rows=[3]), {}).num_columns == 0


def test_record_batches_are_looked_through_once_and_only_where_rows_are_asked_for(tmp_path):
    split = Kept(written(tmp_path / "x"), rows=[12])
    shard_table(split, 0, TYPES, 6, 7)
    assert split.sound_fields == {(0, 1)}
    shard_table(split, 0, TYPES)
    assert split.sound_fields == {(0, 0), (0, 1), (0, 2)}


def test_rows_stay_where_the_file_is_mapped(tmp_path):
    written(tmp_path / "x", ROWS[:3])
    mapped = np.memmap(tmp_path / "x", np.uint8, mode="r")
    split = Kept(rows=[3])
    split.shards = [mapped]
    before = pa.total_allocated_bytes()
    column = shard_table(split, 0, TYPES).column("n").chunk(0)
    assert pa.total_allocated_bytes() - before < 64
    address = column.buffers()[1].address
    assert mapped.ctypes.data <= address < mapped.ctypes.data + mapped.nbytes


def test_a_footer_that_says_something_else_is_found(tmp_path):
    data = written(tmp_path / "x")
    check_footer(Kept(data, rows=[12]), 0, TYPES)
    for other in (data[:-10], arrow(BATCH), data[: len(data) // 2]):
        with pytest.raises(CorpusFormatError, match="damaged"):
            check_footer(Kept(other, rows=[12]), 0, TYPES)
