"""Where talk goes."""

from __future__ import annotations

import subprocess
import sys

from corpuskit.terminal.console import stderr_console


def test_talk_goes_to_stderr_and_is_not_coloured_by_what_it_says(capsys):
    stderr_console().print("12 [bold]words[/] of 'text'")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "12 words of 'text'\n")


def test_the_library_that_draws_is_not_imported_before_something_is_drawn():
    program = "import sys, corpuskit.terminal.console; assert 'rich' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
