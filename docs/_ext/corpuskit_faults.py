"""The fault catalogue's page: what tests/faults/catalogue.toml says, and the tests that show it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docstrings import code, table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


def faults_reference() -> str:
    """The fault catalogue: each row with what happens then, and the tests that show it."""
    catalogue, tests = fault_catalogue(), fault_tests()
    untested = catalogue.pop("untested")
    parts = []
    header = ["row", "what goes wrong", "what happens", "shown by"]
    for section in catalogue.values():
        title = section.pop("title")
        rows = [
            [name, fault, behaviour, _shown_by(tests.get(name, []), untested.get(name, ""))]
            for name, (fault, behaviour) in section.items()
        ]
        parts += [f"## {title}", table(header, rows)]
    return "\n\n".join(parts)


def fault_catalogue() -> dict[str, Any]:
    """What tests/faults/catalogue.toml holds."""
    return tomllib.loads((ROOT / "tests/faults/catalogue.toml").read_text(encoding="utf-8"))


def fault_tests() -> dict[str, list[str]]:
    """For each row, the tests that carry it in a `fault` marker, as FILE::NAME."""
    found: dict[str, list[str]] = {}
    for path in sorted([*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/test_*.py")]):
        for node in ast.walk(ast.parse(path.read_bytes())):
            for row in _rows_of(node):
                found.setdefault(row, []).append(f"{path.relative_to(ROOT).as_posix()}::{node.name}")
    return found


def _rows_of(node: ast.AST) -> list[str]:
    """The rows in the `fault` markers above a function."""
    if not isinstance(node, ast.FunctionDef):
        return []
    markers = [one for one in node.decorator_list if ast.unparse(one).startswith("pytest.mark.fault(")]
    return [ast.literal_eval(argument) for marker in markers for argument in marker.args]


def _shown_by(tests: Sequence[str], reason: str) -> str:
    """A row's tests by file, their names as sentences; or the reason why there is none."""
    by_file: dict[str, list[str]] = {}
    for test in tests:
        file, _, name = test.partition("::")
        by_file.setdefault(file, []).append(name.removeprefix("test_").replace("_", " "))
    shown = [f"{code(file)}: {'; '.join(names)}" for file, names in by_file.items()]
    return ". ".join(shown) or f"No test: {reason}"
