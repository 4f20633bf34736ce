"""What does not hold yet: tests that fail for a known reason, which conftest.py marks as xfail(strict=True).

Once the reason is gone the test is a failure here until its line is deleted. The list should be empty.
"""

from __future__ import annotations

_FAILED = "test_system_calls.py::test_a_failed_call*"
_KILLED = "test_system_calls.py::test_a_kill_before*"
_UNTOLD = "F11, F12, F14, F20: the first error is not the one that is told, or a traceback"
_LEFT = "F13: what was left of the last steps is not removed"
_LEFT_EXPORT = "F13: an export that was killed leaves a folder that no later one removes"

_PREPARES = ("prepare", "workers", "overwrite", "commit", "fetch")
_LAST = ("unlink", "rmdir", "list", "close")

#: (a pattern of test ids below this folder, as fnmatch has them; the finding).
KNOWN: list[tuple[str, str]] = [
    *[(f"{_FAILED}-{kind}]", _UNTOLD) for kind in ("open", "read", "close", "unlink", "stat", "list")],
    *[(f"{_FAILED}[{name}-rmdir]", _LEFT) for name in _PREPARES],
    *[(f"{_KILLED}[export-{kind}]", _LEFT_EXPORT) for kind in ("open", "write", "fsync", "close", "rename")],
    *[(f"{_KILLED}[export-{kind}]", _LEFT_EXPORT) for kind in ("unlink", "list", "stat")],
    *[(f"{_KILLED}[{name}-{kind}]", _LEFT) for name in _PREPARES for kind in _LAST],
    ("test_kills.py::test_killed_at_any_call*", _LEFT),
    ("test_kills.py::test_killed_at_any_moment*[export]", _LEFT_EXPORT),
    *[(f"test_signals.py::test_told_to_stop_at_any_call*[{name}-*", _LEFT) for name in _PREPARES],
    ("test_signals.py::test_told_to_stop_while_it_starts*SIGINT]", "F3: a traceback during an import"),
    ("test_races.py::test_a_writer_that_was_stopped*[commit]", "F13, F20: parts are said to be missing"),
    ("test_races.py::test_two_writers*[commit-no-locks]", "F13, F20: parts are said to be missing"),
    ("test_work_folder.py::*make_a_folder]", "F23: a folder in a file's place stays in the way"),
]
