"""Progress of a call from Python: a bar on a terminal, a line in a notebook, nothing elsewhere."""

import builtins
import io
import subprocess
import sys
from pathlib import Path

import pytest

import corpuskit
from corpuskit.on_progress import Progress
from corpuskit.terminal import progress_bars


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my.txt").write_text("Some words of a text. " * 100)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Has stderr be a terminal, and gives what is written to it. A test calls it: pytest sets its own."""

    def terminal():
        written = Terminal()
        monkeypatch.setattr(sys, "stderr", written)
        monkeypatch.setenv("TERM", "xterm")
        return written

    return terminal


@pytest.fixture
def notebook(monkeypatch):
    """IPython's name in a notebook, which is how rich knows one; ipywidgets is not installed."""
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.setattr(progress_bars.importlib.util, "find_spec", lambda name: None)


def test_a_bar_is_shown_on_a_terminal(terminal):
    stderr = terminal()
    corpuskit.prepare("my.txt", encoding="bytes")
    assert "Encoding my" in stderr.getvalue()


@pytest.mark.parametrize("options", [{"progress": False}, {"on_progress": lambda progress: None}])
def test_nothing_is_shown_on_request(terminal, options):
    stderr = terminal()
    corpuskit.prepare("my.txt", encoding="bytes", **options)
    assert stderr.getvalue() == ""


def test_nothing_is_shown_where_nobody_looks(capfd):
    corpuskit.prepare("my.txt", encoding="bytes")
    assert capfd.readouterr() == ("", "")


def test_the_library_that_draws_is_not_imported_where_nothing_is_drawn():
    program = "import sys, corpuskit; corpuskit.progress(quiet=True); assert 'rich' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_notebooks_line_is_one_whatever_is_in_a_name(monkeypatch, notebook):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    with corpuskit.progress() as bars:
        bars(Progress("encode", "two\nlines\t", 1, 2))
    assert written.getvalue() == "\rEncoding two\\nlines\\t: 50 %, 0 tokens\n"


def test_a_notebook_without_widgets_gets_a_line_and_no_warning(monkeypatch, notebook):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    corpuskit.prepare("my.txt", encoding="bytes")
    shown = written.getvalue()
    assert "\rEncoding my: 100 %, 2,200 tokens" in shown
    assert shown.endswith("\n")
    assert "\x1b" not in shown
