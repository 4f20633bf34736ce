"""What the checks of a plugin write down while they run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from corpuskit.testing.reporting import REPORT


@pytest.fixture
def reported(tmp_path):
    """Runs the tests of a class under the reporter, and gives the lines of its report."""

    def run(body, making="pass"):
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / "test_it.py").write_text(
            "import os, pytest\n"
            f"class TestMaking:\n    def test_it_can_be_made(self):\n        {making}\n"
            f"class TestSuite:\n    def test_one(self):\n        {body}\n"
        )
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "corpuskit.testing.reporting",
            "-p",
            "no:xdist",
        ]
        subprocess.run([*command, "test_it.py"], cwd=tmp_path, capture_output=True, check=False)
        lines = (tmp_path / REPORT).read_text().splitlines()
        return [tuple(json.loads(line).values()) for line in lines]

    return run


MADE = [("test_it_can_be_made", "started", ""), ("test_it_can_be_made", "passed", "")]


@pytest.mark.parametrize(
    ("body", "outcome", "reason"),
    [
        ("pass", "passed", ""),
        ("pytest.skip('no room')", "skipped", "no room"),
        ("raise OSError('x' * 999)", "failed", "OSError: " + "x" * 290 + "…"),
    ],
)
def test_a_check_is_written_down_as_it_begins_and_as_it_ends(reported, body, outcome, reason):
    assert reported(body) == [*MADE, ("test_one", "started", ""), ("test_one", outcome, reason)]


def test_a_check_that_takes_the_interpreter_with_it_has_begun_and_not_ended(reported):
    assert reported("os._exit(3)") == [*MADE, ("test_one", "started", "")]


def test_nothing_more_is_checked_of_what_cannot_be_made(reported):
    found = reported("pass", making="raise ValueError('no')")
    assert found == [MADE[0], ("test_it_can_be_made", "failed", "ValueError: no")]
