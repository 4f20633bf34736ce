"""The fault catalogue is complete: each row has a test or a reason, and the documentation lists it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs/_ext"))
import corpuskit_faults as faults  # noqa: E402 - found by the line above

sys.path.pop(0)

#: So many rows each letter has.
ROWS = {"N": 18, "D": 15, "P": 9, "C": 8, "T": 21, "K": 6, "M": 8, "G": 9, "V": 5, "R": 9, "O": 14, "S": 15}


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    catalogue = faults.fault_catalogue()
    return {
        name: row
        for title, section in catalogue.items()
        for name, row in section.items()
        if title != "untested" and name != "title"
    }


def test_no_row_is_missing(rows):
    assert set(rows) == {f"{letter}{number + 1}" for letter, count in ROWS.items() for number in range(count)}


def test_each_row_says_what_goes_wrong_and_what_happens(rows):
    for name, row in rows.items():
        assert len(row) == 2, name
        assert all(re.fullmatch(r"[A-Z0-9`].*", text) for text in row), name
        assert row[1].endswith("."), name
        assert not row[0].endswith("."), name


def test_each_row_has_a_test_or_a_reason_and_not_both(rows):
    tests, untested = faults.fault_tests(), faults.fault_catalogue()["untested"]
    assert set(tests) | set(untested) == set(rows)
    assert set(tests) & set(untested) == set()


def test_the_page_lists_every_row_with_its_tests(rows):
    page = faults.faults_reference()
    for name, (fault, behaviour) in rows.items():
        line = next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
        assert f"| {fault} | {behaviour} |".replace("|", "") in line.replace("|", "")
        assert "`tests/" in line or "`plugins/" in line or "| No test: " in line
