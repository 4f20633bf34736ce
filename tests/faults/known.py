"""What does not hold yet: tests that fail for a known reason, which conftest.py marks as xfail(strict=True).

Once the reason is gone the test is a failure here until its line is deleted. The list should be empty.
"""

from __future__ import annotations

_FAILED = "test_system_calls.py::test_a_failed_call*"
_KILLED = "test_system_calls.py::test_a_kill_before*"
_SIGNAL = "test_signals.py::test_told_to_stop_at_any_call*"
_UNTOLD = "F11, F20: an error that is not told in one line, or with the wrong exit code"
_LEFT = "F13: temporary files and records of a download that was stopped stay in the cache"
_COMMIT = (
    "F20: commit says that parts are missing, or that a folder is no corpus, when another has just made it"
)
_PREPARES = ("prepare", "workers", "overwrite", "commit", "fetch")

#: (a pattern of test ids below this folder, as fnmatch has them; the finding).
KNOWN: list[tuple[str, str]] = [
    *[(f"{_FAILED}[{name}-{kind}]", _UNTOLD) for name in _PREPARES for kind in ("close", "stat", "list")],
    *[(f"{_FAILED}[{name}-open]", _UNTOLD) for name in _PREPARES if name != "commit"],
    *[(f"{_FAILED}[{name}-read]", _UNTOLD) for name in ("prepare", "overwrite", "commit", "fetch")],
    *[(f"{_FAILED}[export-{kind}]", _UNTOLD) for kind in ("close", "open", "stat", "list")],
    (f"{_FAILED}[fetch-unlink]", _LEFT),
    *[(f"{_KILLED}[fetch-{kind}]", _LEFT) for kind in ("close", "unlink")],
    ("test_kills.py::test_killed_at_any_call*[fetch]", _LEFT),
    (f"{_SIGNAL}[fetch-*]", _LEFT),
    ("test_signals.py::test_told_to_stop_while_it_starts*SIGINT]", "F3: a traceback before the first module"),
    ("test_races.py::test_a_writer_that_was_stopped*[commit]", _COMMIT),
    ("test_races.py::test_two_writers*[commit-no-locks]", _COMMIT),
    ("test_disk.py::test_a_limit_of_the_process*NOFILE*workers]", _UNTOLD),
    ("test_work_folder.py::*make_a_folder]", "F23: a folder in a file's place stays in the way"),
]
