"""How facts are drawn."""

from __future__ import annotations

import pytest
from rich.console import Console

from corpuskit.cli import render, root


@pytest.mark.parametrize("width", [60, 80])
def test_a_fact_that_takes_several_lines_is_indented(small_corpus, capsys, monkeypatch, width):
    monkeypatch.setattr(render, "stdout_console", lambda: Console(width=width, highlight=False))
    root.main(["info", str(small_corpus)], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    options = next(number for number, line in enumerate(lines) if line.startswith("options "))
    assert lines[options + 1].startswith(" " * 12)
    assert max(map(len, lines)) <= width
