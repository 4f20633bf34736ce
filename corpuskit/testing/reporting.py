"""A pytest plugin that writes down each check as it begins and ends, one JSON object a line.

The file is `report.jsonl` in pytest's root folder. A check that has begun and never ends is the one that
took the interpreter with it. Where a component cannot even be made, the session ends there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

REPORT = "report.jsonl"
MAKING = "test_it_can_be_made"
#: Longer reasons are cut: one line is to be read.
_MAX_REASON = 300


class _Reporter:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._write("import", "failed", _reason(report.longrepr))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._write(_check(nodeid), "started")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.passed and report.when != "call":
            return
        check = _check(report.nodeid)
        self._write(check, report.outcome, "" if report.passed else _reason(report.longrepr))
        if check == MAKING and not report.passed and self._session is not None:
            self._session.shouldstop = "the component cannot be made"

    def _write(self, check: str, outcome: str, reason: str = "") -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"check": check, "outcome": outcome, "reason": reason}) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to report."""
    config.pluginmanager.register(_Reporter(config.rootpath / REPORT))


def _check(nodeid: str) -> str:
    return nodeid.partition("::")[2].partition("::")[2]


def _reason(longrepr: Any) -> str:
    """What pytest would show, in one line."""
    if isinstance(longrepr, tuple):
        text = str(longrepr[2]).removeprefix("Skipped: ")
    else:
        crash = getattr(longrepr, "reprcrash", None)
        text = str(longrepr) if crash is None else crash.message
    text = " ".join(text.split())
    return text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 1] + "…"


__all__ = ["MAKING", "REPORT", "pytest_configure"]
