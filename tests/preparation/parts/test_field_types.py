"""The types of kept fields along the way."""

from __future__ import annotations

import pytest

from corpuskit.errors import SourceError
from corpuskit.preparation.parts.field_types import FieldTypes, FirstValue
from corpuskit.sources.kept_fields import parse_keep


def types_of(keep: str | None) -> FieldTypes:
    return FieldTypes(parse_keep(keep), lambda item, start: f"input {item}, row {start}")


def test_the_first_value_decides_and_none_is_text():
    types = types_of("a,b,c:float,d")
    assert types.types == {"a": "str", "b": "str", "c": "float", "d": "str"}
    types.note({"a": [None, 1], "b": [None, None]}, [3, 4], 0)
    types.note({"b": [True], "a": [2]}, [9], 1)
    assert types.types == {"a": "int", "b": "bool", "c": "float", "d": "str"}
    assert types.found == {"a": FirstValue("int", 0, 4), "b": FirstValue("bool", 1, 9)}


@pytest.mark.parametrize(
    ("keep", "values", "message"),
    [
        (
            "a",
            [3, 3.5],
            "^input 0, row 1: field 'a' is float here, and int in input 0, row 0; repair it, or keep all as "
            "one type with --keep a:float or --keep a:str$",
        ),
        (
            "a",
            ["x", None, 3],
            r"^input 0, row 2: field 'a' is int here, and str in input 0, row 0; .*a:str$",
        ),
        ("a", [1, True], "is bool here, and int in input 0, row 0"),
        ("a:float", [1], "field 'a' is int here, expected float; repair it"),
        ("a", [[1]], "field 'a' is list, expected str, int, float, bool; the reader must give one of these"),
    ],
)
def test_another_type_names_both_rows(keep, values, message):
    types = types_of(keep)
    with pytest.raises(SourceError, match=message):
        types.note({"a": values}, list(range(len(values))), 0)
    parts = [types_of(keep) for _ in values]
    if "expected" not in message:
        for number, (part, value) in enumerate(zip(parts, values, strict=True)):
            part.note({"a": [value]}, [number], 0)
        whole = types_of(keep)
        for part in parts[:-1]:
            whole.add(part.found)
        with pytest.raises(SourceError, match=message):
            whole.add(parts[-1].found)


def test_an_id_that_nobody_asked_for_becomes_text():
    types = types_of(None)
    assert types.types == {}
    types.note({"id": [None]}, [0], 0)
    assert types.types == {}
    types.note({"id": [1, None]}, [1, 2], 0)
    assert types.types == {"id": "int"}
    types.note({"id": ["x"]}, [3], 0)
    types.note({"id": [1]}, [4], 0)
    assert types.types == {"id": "str"}
    found = types.found["id"]
    assert found == FirstValue("str", 0, 1, text_from=(0, 3))
    assert [found.until((0, row)) for row in range(4)] == [None, *[FirstValue("int", 0, 1)] * 2, found]
