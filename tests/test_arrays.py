"""What arrays hold, for annotations."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import corpuskit
from corpuskit import arrays


@pytest.mark.parametrize(
    ("name", "dtype"), [("Ints", "numpy.int64"), ("Words", "numpy.uint64"), ("Tokens", "unsignedinteger")]
)
def test_a_name_stands_for_arrays_of_one_kind(name, dtype):
    assert dtype in str(getattr(arrays, name))


def test_no_other_module_has_a_name_of_its_own_for_them():
    folder = Path(corpuskit.__file__).parent
    for path in folder.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and path.name != "arrays.py":
                assert not {target.id for target in node.targets if isinstance(target, ast.Name)} & {
                    "Ints",
                    "Tokens",
                    "Words",
                }, path
