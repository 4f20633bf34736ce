"""Files of kept fields: the same rows are the same bytes."""

from __future__ import annotations

import hashlib
import itertools
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.corpus import fields
from corpuskit.corpus.fields import FieldsWriter, converted, open_rows, types_of
from corpuskit.errors import ConfigError

TYPES = {"url": "str", "n": "int", "x": "float", "is_good": "bool"}
ROWS = st.lists(
    st.tuples(
        st.none() | st.text(max_size=9),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.booleans(),
    ),
    max_size=40,
)


def write(path: Path, rows, cuts=()) -> str:
    with FieldsWriter(path, TYPES) as file:
        edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
        for start, stop in itertools.pairwise(edges):
            some = rows[start:stop]
            file.add({name: [row[k] for row in some] for k, name in enumerate(TYPES)}, len(some))
    data = path.read_bytes()
    assert (file.sha256, file.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    return file.sha256


def write_tables(path: Path, rows, cuts) -> str:
    """The same, each other piece as a table; columns of nulls are left out of it."""
    with FieldsWriter(path, TYPES) as file:
        edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
        whole = [dict(zip(TYPES, row, strict=True)) for row in rows]
        schema = fields.arrow_schema(TYPES)
        for number, (start, stop) in enumerate(itertools.pairwise(edges)):
            table = pa.Table.from_pylist(whole, schema=schema).slice(start, stop - start)
            if number % 2:
                file.add(table.to_pydict(), stop - start)
            else:
                named = [name for name in TYPES if table.column(name).null_count < len(table)]
                file.add_table(table.select(named) if named else table)
    return file.sha256


@given(ROWS, st.lists(st.integers(0, 40), max_size=5), st.integers(1, 9), st.integers(1, 40))
def test_tables_are_written_as_their_rows_are(tmp_path_factory, rows, cuts, batch_rows, batch_characters):
    folder = tmp_path_factory.mktemp("fields")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fields, "BATCH_ROWS", batch_rows)
        patch.setattr(fields, "BATCH_CHARACTERS", batch_characters)
        assert write(folder / "a", rows) == write_tables(folder / "b", rows, cuts)


@given(ROWS, st.lists(st.integers(0, 40), max_size=5), st.integers(1, 9), st.integers(1, 40))
def test_the_bytes_follow_from_the_rows_however_they_came(
    tmp_path_factory, rows, cuts, batch_rows, batch_characters
):
    folder = tmp_path_factory.mktemp("fields")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fields, "BATCH_ROWS", batch_rows)
        patch.setattr(fields, "BATCH_CHARACTERS", batch_characters)
        assert write(folder / "a", rows) == write(folder / "b", rows, cuts)
    table = pa.ipc.open_file(folder / "a").read_all()
    assert table.to_pylist() == [dict(zip(TYPES, row, strict=True)) for row in rows]
    assert types_of(table.schema) == TYPES
    assert all(batch.num_rows <= batch_rows for batch in table.to_batches())
    with open_rows(folder / "b") as (types, batches):
        assert types == TYPES
        assert [n for batch in batches for n in batch["n"]] == [row[1] for row in rows]


def test_these_rows_are_these_bytes_whatever_is_installed(tmp_path):
    rows = [("a", 1, 0.5, True), (None, None, None, None), ("ü" * 9, -(2**63), -0.0, False)] * 20_000
    assert write(tmp_path / "x", rows) == "22f199649fad55a4f9cec5a663f7513786ad762a7a2cb8194618740449fe5aa9"


def test_a_field_without_values_is_null(tmp_path):
    with FieldsWriter(tmp_path / "x", {"a": "str", "b": "int"}) as file:
        file.add({}, 2)
        file.add({"b": [3]}, 1)
    rows = pa.ipc.open_file(tmp_path / "x").read_all().to_pylist()
    assert rows == [{"a": None, "b": None}, {"a": None, "b": None}, {"a": None, "b": 3}]


def test_whole_numbers_become_text_where_the_field_is_text():
    assert converted({"a": [1, None, "b"], "b": [2]}, {"a": "str"}) == {"a": ["1", None, "b"]}


def test_without_pyarrow_the_remedies_are_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"^keeping fields needs .*formats.*, or .* --keep ''$"):
        FieldsWriter(tmp_path / "x", TYPES)
    assert not list(tmp_path.iterdir())
