"""Pages: when there are some, what shows them, and that nobody minds a reader who leaves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpuskit.terminal.pager import page, pager_command, rows

PROGRAM = """
import sys
from corpuskit.terminal.pager import page
def made():
    for number in range({count}):
        yield f"\\x1b[1mline {{number}}\\x1b[0m\\n"
    sys.stderr.write("all")
page(made(), paged={paged})
sys.stderr.write("done")
"""


def on_terminal(count, *, keys=b"", until=b"", paged=True, **environment):
    """What a program that writes so many lines shows on a terminal of 80 x 24; its stderr, and its end."""
    leader, terminal = pty.openpty()
    os.set_blocking(leader, False)
    subprocess.run(["stty", "rows", "24", "cols", "80", "-onlcr"], stdin=terminal, check=True)
    program = PROGRAM.format(count=count, paged=paged)
    known = {name: value for name, value in os.environ.items() if name not in ("LESS", "PAGER", "LINES")}
    running = subprocess.Popen(
        [sys.executable, "-c", program], stdin=terminal, stdout=terminal, stderr=subprocess.PIPE,
        env={**known, "TERM": "xterm", **environment}, start_new_session=True, text=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    while True:
        if select.select([leader], [], [], 0.05)[0]:
            try:
                shown += os.read(leader, 65536)
            except OSError:  # nobody has the terminal open any more
                break
        elif running.poll() is not None:
            break
        elif keys and until in shown:  # and nothing happens: a signal may have taken keys away
            os.write(leader, keys[:1])
            keys = keys[1:] or keys
    os.close(leader)
    error = running.communicate()[1]
    return shown.decode(), error, running.returncode


@pytest.fixture
def pager(tmp_path):
    """A pager that writes down its arguments and all that it reads; gives its path and what it wrote."""
    path, said = tmp_path / "mypager", tmp_path / "said"
    path.write_text(f'#!/bin/sh\necho "[$@] LESS=$LESS" > "{said}"\ncat >> "{said}"\n')
    path.chmod(0o755)
    return path, said


def test_text_that_fits_is_written_and_longer_text_goes_through_the_pager(pager):
    path, said = pager
    shown, error, code = on_terminal(22, PAGER=str(path))
    assert (error, code) == ("alldone", 0)
    assert shown.count("line") == 22
    assert not said.exists()
    shown, error, code = on_terminal(300, PAGER=str(path))
    assert (shown, error, code) == ("", "alldone", 0)
    assert said.read_text().count("\x1b[1mline") == 300


def test_a_pager_is_not_used_where_nobody_wants_one(pager):
    path, said = pager
    for more in ({"PAGER": ""}, {"PAGER": "cat"}, {"PAGER": str(path), "TERM": "dumb"}):
        assert on_terminal(300, **more)[0].count("line") == 300
    assert on_terminal(300, paged=False, PAGER=str(path))[0].count("line") == 300
    assert not said.exists()


@pytest.mark.parametrize("less", ["", "FX", "-M", "-r"])
def test_less_is_told_to_keep_colours_whatever_less_says(pager, less, tmp_path):
    path, said = pager
    path = path.rename(tmp_path / "less")
    assert on_terminal(300, PAGER=f"{path} -X", LESS=less)[2] == 0
    assert said.read_text().splitlines()[0] == f"[-X -R] LESS={less}"


def test_a_pager_that_is_not_there_is_done_without():
    shown, error, code = on_terminal(300, PAGER="/no/such/pager")
    assert (shown.count("line"), error, code) == (300, "alldone", 0)


def test_a_pager_that_is_left_early_is_no_error_and_the_rest_is_not_made(tmp_path):
    path = tmp_path / "leaver"
    path.write_text("#!/bin/sh\nhead -n 1 >/dev/null\n")
    path.chmod(0o755)
    shown, error, code = on_terminal(10**7, PAGER=str(path))
    assert (shown, error, code) == ("", "done", 0)


@pytest.mark.skipif(shutil.which("less") is None, reason="there is no less")
def test_less_shows_colours_and_ends_at_q():
    shown, error, code = on_terminal(10**7, keys=b"q", until=b"\x1b[1mline 20")
    assert (error, code) == ("done", 0)
    assert "ESC" not in shown


@pytest.mark.skipif(shutil.which("less") is None, reason="there is no less")
def test_ctrl_c_is_the_pagers_own():
    assert on_terminal(10**7, keys=b"\x03q", until=b"line 20")[1:] == ("done", 0)


def test_an_error_in_the_making_ends_the_pager(tmp_path, monkeypatch):
    path = tmp_path / "waiter"
    path.write_text("#!/bin/sh\necho $$ > pid\nexec sleep 600\n")
    path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAGER", str(path))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    def made():
        yield from ["line\n"] * 300
        while not Path("pid").exists() or not Path("pid").read_text():
            time.sleep(0.01)
        raise ValueError("no such id")

    with pytest.raises(ValueError, match="no such id"):
        page(made())
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("pid").read_text()), 0)
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


@pytest.mark.parametrize(
    ("said", "command"),
    [
        (None, ["less", "-R"]),
        ("", []),
        ("cat", []),
        ("less", ["less", "-R"]),
        ("/usr/bin/less -S", ["/usr/bin/less", "-S", "-R"]),
        ("most -w", ["most", "-w"]),
        ("'unclosed", []),
    ],
)
def test_the_pager_is_what_people_say_else_less(said, command, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("PAGER", raising=False)
    if said is not None:
        monkeypatch.setenv("PAGER", said)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert pager_command() == command


def test_rows_are_those_that_a_terminal_needs():
    assert rows("\n", 80) == 1
    assert rows("a\nb\n", 80) == 2
    assert rows("x" * 80 + "\n", 80) == 1
    assert rows("x" * 81 + "\n", 80) == 2
    assert rows("\x1b[1m" + "第" * 40 + "\x1b[0m\n", 80) == 1
    assert rows("第" * 41, 80) == 2
