"""python -m corpuskit: signals are heard before anything is imported."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
LINES = {signal.SIGINT: "corpuskit: interrupted\n", signal.SIGTERM: "corpuskit: terminated\n"}

both = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)


def python(program: str, *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, check=False
    )


@both
def test_a_signal_while_the_command_line_is_imported_ends_it_with_its_code(number):
    program = f"""
import importlib.abc, os, sys
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), {number:d})
sys.meta_path.insert(0, Slow())
from corpuskit.__main__ import main
main()
"""
    ended = python(program)
    assert (ended.returncode, ended.stderr) == (CODES[number], LINES[number])
