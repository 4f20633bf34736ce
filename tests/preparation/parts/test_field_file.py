"""The file of kept fields of a shard that a part makes."""

from __future__ import annotations

import pytest

from corpuskit.corpus import fields
from corpuskit.corpus.fields import FieldsWriter, open_rows
from corpuskit.preparation.parts.field_file import FieldFile, copy_rows


def rows_of(path):
    with open_rows(path) as (types, batches):
        return types, [row for batch in batches for row in zip(*batch.values(), strict=True)]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(fields, "BATCH_ROWS", 3)


def test_there_is_no_file_while_no_document_has_a_value(tmp_path):
    file = FieldFile(tmp_path / "x")
    file.add({}, 5, {})
    file.add({"a": [None, None]}, 2, {"a": "str"})
    assert file.written is None
    file.abort()
    assert not list(tmp_path.iterdir())


def test_a_value_that_comes_late_has_nulls_before_it(tmp_path):
    file = FieldFile(tmp_path / "x")
    file.add({}, 5, {})
    file.add({"a": [None, 1]}, 2, {"a": "int"})
    file.written.commit()
    assert rows_of(tmp_path / "x") == ({"a": "int"}, [(None,)] * 6 + [(1,)])


def test_a_type_that_changes_writes_again_what_was_written(tmp_path):
    file = FieldFile(tmp_path / "x")
    file.add({"a": [1, 2, 3, 4], "b": ["x"] * 4}, 4, {"a": "int", "b": "str"})
    file.add({"a": ["y", 5]}, 2, {"a": "str", "b": "str"})
    file.written.commit()
    expected = [("1", "x"), ("2", "x"), ("3", "x"), ("4", "x"), ("y", None), ("5", None)]
    assert rows_of(tmp_path / "x") == ({"a": "str", "b": "str"}, expected)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    with FieldsWriter(tmp_path / "at once", {"a": "str", "b": "str"}) as once:
        once.add({"a": [a for a, _ in expected], "b": [b for _, b in expected]}, 6)
    assert file.written.sha256 == once.sha256


def test_the_first_rows_of_a_file_can_be_copied(tmp_path):
    with FieldsWriter(tmp_path / "x", {"a": "int"}) as whole:
        whole.add({"a": list(range(8))}, 8)
    for most in (0, 2, 3, 8):
        with FieldsWriter(tmp_path / "y", {"a": "str"}) as some:
            copy_rows(tmp_path / "x", some, most=most)
        assert rows_of(tmp_path / "y")[1] == [(str(n),) for n in range(most)]


def test_what_is_given_up_leaves_nothing(tmp_path):
    file = FieldFile(tmp_path / "x")
    file.add({"a": [1]}, 1, {"a": "int"})
    file.abort()
    assert not list(tmp_path.iterdir())
