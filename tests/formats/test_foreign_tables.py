"""Tables of others, compared with the rows that were written."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpuskit.errors import CorpusFormatError
from corpuskit.formats.arrow import Arrow
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.parquet import Parquet

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

FORMATS = [Parquet, Arrow]
IDS = pa.list_(pa.int32())


def write(format, path, table, *, rows=1000):
    """Writes a table as others do, so many rows in a batch; the file's ending is the format's."""
    path = path.with_suffix(f".{format.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if format is Parquet:
        pq.write_table(table, path, row_group_size=rows)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows)
    return path


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_has_the_same_rows_fields_and_mask(
    kept_conversations, rows_of, rows_read, tmp_path, monkeypatch, format
):
    monkeypatch.setattr("corpuskit.formats.rows._BATCH_BYTES", 500)
    monkeypatch.setattr("corpuskit.formats.foreign_tables._ROWS", 3)
    monkeypatch.setattr("corpuskit.formats.foreign.BLOCK_TOKENS", 50)
    format().write(kept_conversations, tmp_path / "out", options=ExportOptions(shard_tokens=900))
    found = rows_read(format(), tmp_path / "out")
    assert found == {name: rows_of(split) for name, split in kept_conversations.items()}


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), file_tokens=st.none() | st.integers(1, 20), block=st.integers(1, 9))
def test_every_document_comes_back(draw_corpus, rows_read, data, file_tokens, block, format):
    corpus, output, documents = draw_corpus(data)
    format().write(corpus, output, options=ExportOptions(shard_tokens=file_tokens))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("corpuskit.formats.foreign.BLOCK_TOKENS", block)
        patched.setattr("corpuskit.formats.foreign_tables._ROWS", block)
        assert rows_read(format(), output) == {"train": [{"input_ids": ids} for ids in documents]}


FIELDS = {
    "name": (pa.string(), st.text(max_size=5)),
    "long": (pa.large_string(), st.text(max_size=5)),
    "small": (pa.uint8(), st.integers(0, 255)),
    "n": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "score": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "ok": (pa.bool_(), st.booleans()),
}
ROW = st.fixed_dictionaries(
    {"input_ids": st.lists(st.integers(0, 100), max_size=6)}
    | {name: st.none() | values for name, (_, values) in FIELDS.items()}
)


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, max_size=12),
    ids=st.sampled_from(
        [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.int8(), pa.int32(), pa.int64()]
    ),
    list_of=st.sampled_from([pa.list_, pa.large_list]),
    batch=st.integers(1, 5),
)
def test_rows_of_any_types_are_read(tmp_path_factory, rows_read, rows, ids, list_of, batch, format):
    schema = pa.schema({"input_ids": list_of(ids)} | {name: type for name, (type, _) in FIELDS.items()})
    path = tmp_path_factory.mktemp("table") / "train"
    path = write(format, path, pa.Table.from_pylist(rows, schema), rows=batch)
    assert rows_read(format(), path) == {"train": rows}


@pytest.mark.parametrize("format", FORMATS)
def test_lists_of_one_length_are_read(rows_read, tmp_path, format):
    table = pa.table({"input_ids": pa.array([[1, 2], [3, 4]], pa.list_(pa.int16(), 2))})
    path = write(format, tmp_path / "val", table)
    assert rows_read(format(), path) == {"valid": [{"input_ids": [1, 2]}, {"input_ids": [3, 4]}]}


def test_splits_are_told_by_names_as_the_hub_has_them(rows_read, tmp_path):
    for number, name in enumerate(
        ["data/train-00000-of-00002", "data/train-00001-of-00002", "data/validation-00000-of-00001", "test/a"]
    ):
        write(Parquet, tmp_path / name, pa.table({"input_ids": pa.array([[number]], IDS)}))
    found = rows_read(Parquet(), tmp_path)
    assert {name: [row["input_ids"] for row in rows] for name, rows in found.items()} == {
        "train": [[0], [1]],
        "valid": [[2]],
        "test": [[3]],
    }


def test_columns_that_are_no_fields_are_left_out_with_a_line(rows_read, tmp_path, caplog):
    columns = {
        "input_ids": pa.array([[1], [2]], IDS),
        "labels": pa.array([[1], [2]], IDS),
        "name": ["a", "b"],
    }
    for name in ("train-0", "train-1"):
        write(Parquet, tmp_path / name, pa.table(columns))
    found = rows_read(Parquet(), tmp_path)
    assert found["train"] == [{"input_ids": [1], "name": "a"}, {"input_ids": [2], "name": "b"}] * 2
    assert caplog.text.count("left out 'labels'; kept fields are text, whole numbers") == 1


def test_what_pandas_adds_is_no_field(rows_read, tmp_path):
    table = pa.table({"input_ids": pa.array([[1]], IDS), "__index_level_0__": [7]})
    assert rows_read(Parquet(), write(Parquet, tmp_path / "a", table)) == {"train": [{"input_ids": [1]}]}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"text": ["a"]},
            r"it has text, and no ids .*; prepare it instead: corpuskit prepare .*train\.(p|a)",
        ),
        ({"tokens": [[1]]}, "no column 'input_ids' of lists of whole numbers; it has 'tokens': rename"),
        ({"input_ids": [1]}, "'input_ids' is int64; expected one column of lists of whole numbers"),
        ({"input_ids": [[0.5]]}, r"'input_ids' is list<.*double>; expected one column of lists"),
        ({"input_ids": [[1], [2], None]}, "'input_ids' of row 2 is null"),
        ({"input_ids": [[1], [], [2, None]]}, "'input_ids' of row 2 is null, or has a null in it"),
        ({"input_ids": [[1], [2, 3]], "loss_mask": [[1], [1]]}, "'loss_mask' of row 1 has another length"),
        ({"input_ids": [[1], [2, 3]], "loss_mask": [[1], [0, 2]]}, "'loss_mask' of row 1 has 2, and a mask"),
        ({"input_ids": [[1]], "n": pa.array([2**63], pa.uint64())}, "damaged, .*not in range"),
    ],
)
def test_what_cannot_be_ids_is_named_with_its_row(rows_read, tmp_path, monkeypatch, columns, message, format):
    monkeypatch.setattr("corpuskit.formats.foreign_tables._ROWS", 2)
    path = write(format, tmp_path / "train", pa.table(columns), rows=2)
    with pytest.raises(CorpusFormatError, match=message) as raised:
        rows_read(format(), path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("said", ["{", "[]", json.dumps({"tokenizer_fingerprint": 7}), "[" * 100_000])
def test_metadata_that_says_nothing_is_passed_over(rows_read, tmp_path, said):
    table = pa.table({"input_ids": pa.array([[1]], IDS)}).replace_schema_metadata({"corpuskit": said})
    path = write(Parquet, tmp_path / "train", table)
    assert rows_read(Parquet(), path, fingerprint="a", encoding="b") == {"train": [{"input_ids": [1]}]}


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_that_are_changed_or_cut_give_rows_or_one_line(tmp_path_factory, rows_read, data, format):
    path = tmp_path_factory.mktemp("damaged") / "train"
    columns = {
        "input_ids": pa.array([[1, 2], [], [3]] * 9, pa.list_(pa.uint16())),
        "name": ["a", None, "é"] * 9,
    }
    path = write(format, path, pa.table(columns), rows=7)
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    for _ in range(data.draw(st.integers(0, 3))):
        if whole:
            at = data.draw(st.integers(0, len(whole) - 1))
            whole[at] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    with contextlib.suppress(CorpusFormatError):
        rows_read(format(), path)
