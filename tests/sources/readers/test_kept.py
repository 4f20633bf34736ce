"""Kept fields of every format: the same values from each, and what cannot be kept."""

from __future__ import annotations

import csv
import datetime
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from corpuskit.errors import SourceError
from corpuskit.sources.base import Slice
from corpuskit.sources.readers.csv import CsvReader, TsvReader
from corpuskit.sources.readers.json import JsonReader
from corpuskit.sources.readers.jsonl import JsonlReader
from corpuskit.sources.readers.parquet import ParquetReader
from corpuskit.sources.readers.text import TextReader

READERS = {
    "jsonl": JsonlReader,
    "json": JsonReader,
    "parquet": ParquetReader,
    "csv": CsvReader,
    "tsv": TsvReader,
}
RECORDS = [
    {"id": "a", "text": "one", "lang": "de", "score": 3, "meta": {"source": "web", "n": [1, 2]}},
    {"id": "b", "text": "", "lang": "en", "score": 4, "meta": {"source": "book", "n": []}},
    {"id": None, "text": "three", "lang": None, "score": None, "meta": {"source": None, "n": None}},
    {"id": "d", "text": "fünf", "lang": "fr", "score": -5, "meta": {"source": "böcker", "n": [7]}},
]


def write(path: Path, records=RECORDS) -> Path:
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(record) + "\n" for record in records))
        case ".json":
            path.write_text(json.dumps(records))
        case ".parquet":
            parquet.write_table(pa.Table.from_pylist(records), path, row_group_size=3)
        case suffix:
            text = io.StringIO()
            rows = csv.DictWriter(text, list(records[0]), delimiter="\t" if suffix == ".tsv" else ",")
            rows.writeheader()
            rows.writerows(records)
            path.write_text(text.getvalue())
    return path


@pytest.fixture
def fields(tmp_path, input_of):
    """What a reader of a file's format gives for `--keep`."""

    def read(path: Path, keep: str | None = None, **options):
        reader = READERS[path.suffix[1:]]({"keep": keep, **options})
        found: dict[str, list] = {}
        left_out: list = []
        for batch in reader.read(input_of(path), Slice(), lambda *bad: left_out.append(bad)):
            for name, values in (batch.fields or {}).items():
                assert len(values) == len(batch.texts)
                found.setdefault(name, []).extend(values)
        return found

    return read


@pytest.mark.parametrize("format", ["jsonl", "json", "parquet"])
def test_fields_are_kept_of_the_documents_that_there_are(format, fields, tmp_path):
    path = write(tmp_path / f"x.{format}")
    assert fields(path, "lang,score,meta.source,none") == {
        "lang": ["de", None, "fr"],
        "score": [3, None, -5],
        "meta.source": ["web", None, "böcker"],
    }
    assert fields(path, "score:float,meta:str") == {
        "score": [3.0, None, -5.0],
        "meta": ['{"n":[1,2],"source":"web"}', '{"n":null,"source":null}', '{"n":[7],"source":"böcker"}'],
    }


@pytest.mark.parametrize("format", ["csv", "tsv"])
def test_cells_of_a_table_are_text_unless_a_type_is_said(format, fields, tmp_path):
    path = write(tmp_path / f"x.{format}")
    assert fields(path, "lang,score") == {"lang": ["de", None, "fr"], "score": ["3", None, "-5"]}
    assert fields(path, "score:int") == {"score": [3, None, -5]}
    assert fields(path, "score:float") == {"score": [3.0, None, -5.0]}


@pytest.mark.parametrize("format", READERS)
def test_an_id_is_kept_by_default(format, fields, tmp_path):
    path = write(tmp_path / f"x.{format}")
    assert fields(path) == {"id": ["a", None, "d"]}
    assert fields(path, "") == {}
    assert fields(write(tmp_path / f"y.{format}", [{"text": "a"}, {"text": "b"}])) == {}


def test_an_id_that_nobody_asked_for_is_never_an_error(fields, tmp_path):
    path = tmp_path / "x.jsonl"
    lines = ["1", '"a\\ud800"', "[1, {}]", '{"b": 2, "a": 1.5}', "true", "1.5", str(2**64), "null"]
    path.write_text("".join(f'{{"id": {line}, "text": "x"}}\n' for line in lines))
    found = [1, "a\ufffd", "[1,{}]", '{"a":1.5,"b":2}', "true", "1.5", str(2**64), None]
    assert fields(path) == {"id": found}


@pytest.mark.parametrize("format", ["jsonl", "json", "parquet"])
def test_a_name_that_is_there_as_it_was_said_wins(format, fields, tmp_path):
    path = write(tmp_path / f"x.{format}", [{"text": "t", "a.b": "as said", "a": {"b": "nested"}}])
    assert fields(path, "a.b") == {"a.b": ["as said"]}


@pytest.mark.parametrize(
    ("keep", "value", "message"),
    [
        (
            "v",
            "[1]",
            r"x.jsonl:2: field 'v' is an array, expected text, a number or true/false, in the record at ",
        ),
        ("v", "{}", r"field 'v' is an object, .*; repair it or keep it as text with --keep v:str$"),
        ("v:int", "3.0", r"field 'v' is a number with a fraction, expected a whole number, in the record"),
        ("v:int", '"3"', r"field 'v' is text, expected a whole number"),
        ("v:bool", "1", r"field 'v' is a whole number, expected true or false"),
        ("v:float", "true", r"field 'v' is true or false, expected a number with a fraction"),
        ("v", str(2**63), r"field 'v' is a whole number of more than 64 bits, .* --keep v:str"),
        ("v", '"\\ud800"', r"text that is no Unicode \(\\ud800\) in field 'v' of the record at byte "),
    ],
)
def test_what_cannot_be_kept_is_an_error_with_its_place(keep, value, message, fields, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(f'{{"text": "a"}}\n{{"text": "b", "v": {value}}}\n')
    with pytest.raises(SourceError, match=message):
        fields(path, keep)
    assert fields(path, "v:str", invalid_utf8="replace")


def test_documents_with_broken_text_in_a_field_are_left_out_where_broken_ones_are(fields, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a", "v": "\\ud800", "w": 1}\n{"text": "b", "v": "b", "w": 2}\n')
    assert fields(path, "v,w", on_bad_document="skip") == {"v": ["b"], "w": [2]}
    assert fields(path, "v,w", invalid_utf8="replace") == {"v": ["\ufffd", "b"], "w": [1, 2]}
    table = tmp_path / "x.csv"
    table.write_bytes(b"text,v\na,\xff\nb,b\n")
    assert fields(table, "v", on_bad_document="skip") == {"v": ["b"]}
    binary = pa.table({"text": ["a", "b"], "v": pa.array([b"\xff", b"b"])})
    parquet.write_table(binary, tmp_path / "x.parquet")
    assert fields(tmp_path / "x.parquet", "v", on_bad_document="skip") == {"v": ["b"]}
    with pytest.raises(SourceError, match="no Unicode .* in field 'v' of the record in row 0"):
        fields(tmp_path / "x.parquet", "v")


@pytest.mark.parametrize("keep", ["v:int", "v:float", "v:bool"])
def test_a_cell_that_is_no_value_of_the_type_is_an_error(keep, fields, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("text,v\na,\nb,1_0x\n")
    with pytest.raises(
        SourceError, match=r"x.csv: column 'v' is '1_0x', expected .* in row 1; .* --keep v:str"
    ):
        fields(path, keep)
    path.write_text("text,v\na,TRUE\nb,false\n")
    assert fields(path, "v:bool") == {"v": [True, False]}
    path.write_text("text,v,v\na,1,2\n")
    with pytest.raises(SourceError, match="2 columns are named 'v'; .* choose another with --keep"):
        fields(path, "v")


def test_columns_of_parquet_that_are_no_text_or_number_are_kept_as_text_only(fields, tmp_path):
    path = tmp_path / "x.parquet"
    columns = {
        "text": ["a", "b"],
        "day": pa.array([datetime.date(2024, 1, 31), None]),
        "when": pa.array([1, 2], pa.timestamp("ns")),
        "kind": pa.array(["x", "y"]).dictionary_encode(),
        "half": pa.array([0.5, None], pa.float32()),
        "large": pa.array([2**64 - 1, 1], pa.uint64()),
        "id": pa.array([1, 2], pa.timestamp("ns")),
    }
    parquet.write_table(pa.table(columns), path)
    assert fields(path, "day:str,kind,half") == {
        "day": ["2024-01-31", None],
        "kind": ["x", "y"],
        "half": [0.5, None],
    }
    assert fields(path, "when:str")["when"][0] == "1970-01-01 00:00:00.000000001"
    assert list(fields(path)) == ["id"]
    with pytest.raises(
        SourceError, match=r"column 'day' holds date32\[day\], expected text, .* --keep day:str"
    ):
        fields(path, "day")
    with pytest.raises(SourceError, match="field 'large' is a whole number of more than 64 bits"):
        fields(path, "large")


@given(
    st.lists(
        st.fixed_dictionaries(
            {"text": st.text(max_size=5)},
            optional={
                "id": st.none() | st.integers() | st.text(max_size=4),
                "n": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            },
        ),
        max_size=9,
    ),
    st.integers(1, 80),
)
def test_any_slicing_gives_each_document_its_own_fields(tmp_path_factory, input_of, records, target_bytes):
    path = write(tmp_path_factory.getbasetemp() / "kept.jsonl", records)
    reader = JsonlReader({"keep": "id:str,n"})
    reader.block_bytes = target_bytes
    item = input_of(path, format="jsonl")
    found = []
    for part in reader.slices(item, target_bytes=target_bytes):
        for batch in reader.read(item, part, lambda *bad: None):
            columns = [(batch.fields or {}).get(name, [None] * len(batch.texts)) for name in ("id", "n")]
            found += zip(batch.texts, *columns, strict=True)
    expected = [
        (r["text"].encode(), None if r.get("id") is None else str(r["id"]), r.get("n"))
        for r in records
        if r["text"]
    ]
    assert found == expected


def test_numbers_of_records_that_the_fast_parser_refuses_are_exact(fields, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a", "n": 3, "x": 2.5, "m": {"k": 7}, "w": "\\ud800"}\n')
    assert fields(path, "n,x,m:str") == {"n": [3], "x": [2.5], "m": ['{"k":7}']}


@pytest.mark.parametrize("value", ["[" * 3000 + "]" * 3000, "1" + "0" * 4500, "9" * 9999])
def test_values_that_nothing_can_hold_are_an_error_where_asked_for(value, fields, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(f'{{"text": "a", "id": {value}}}\n')
    assert set(fields(path)) <= {"id"}
    if not value.startswith("["):
        with pytest.raises(SourceError, match="or a number too long, to be kept, in the record"):
            fields(path, "id:str")


def test_text_files_have_no_fields(tmp_path, input_of):
    (tmp_path / "x.txt").write_text("a\nb\n")
    reader = TextReader({"keep": "lang", "lines": True})
    (batch,) = reader.read(input_of(tmp_path / "x.txt"), Slice(), lambda *bad: None)
    assert batch.fields is None
