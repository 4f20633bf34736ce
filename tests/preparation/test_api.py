"""corpuskit.prepare in scripts and notebooks, and one configuration from text to batches."""

import builtins
import io
import sys
from pathlib import Path

import pytest

import corpuskit
from corpuskit.terminal import progress_bars
from corpuskit.terminal.line import Line


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


def test_a_notebook_without_widgets_gets_a_line_and_no_warning(monkeypatch, notebook):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    corpuskit.prepare("my.txt", encoding="bytes")
    shown = written.getvalue()
    assert "\rEncoding my: 100 %, 2,200 tokens" in shown
    assert shown.endswith("\n")
    assert "\x1b" not in shown


def test_a_line_is_written_over_and_ends_where_another_begins(monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    line = Line()
    line.show("Fetching a", 0, None, "")
    line.show("Encoding a", 50, 100, "7 tokens")
    line.show("Encoding a", 60, 100, "8 tokens")  # too soon
    line.show("Encoding a", 100, 100, "")
    line.end()
    line.end()
    assert written.getvalue() == "\rFetching a\n\rEncoding a: 50 %, 7 tokens\rEncoding a: 100 %         \n"


def test_one_configuration_goes_from_text_to_a_batch():
    Path("corpus.toml").write_text(
        '[prepare]\ndataset = "./my.txt"\nencoding = "bytes"\n'
        "[batches]\ncontext_length = 16\nbatch_size = 3\n"
    )
    config = corpuskit.read_config("corpus.toml")
    corpus = corpuskit.prepare(config=config)
    x, _ = corpus.batches(config=config, output="numpy")[0]
    assert x.shape == (3, 16)
    x, _ = corpus.batches(config=config, context_length=4, output="numpy")[0]
    assert x.shape == (3, 4)
    x, _ = corpus.batches(config=config, batch_size=7, debug=True, output="numpy")[0]
    assert x.shape == (2, 8)
    assert corpuskit.prepare(config=config, split="none", output="whole").splits == ("train",)
