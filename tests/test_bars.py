"""The line that says how far a run is."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from corpuskit.on_progress import Progress
from corpuskit.terminal.bar import Speed, line

ENCODING = Progress("encode", "big", 11_000_000, 136_100_000, 3_071_906, 9, 0, 8, 0, 0, 2)


def text_of(pieces):
    return "".join(text for text, _ in pieces)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (60, r"Encoding big [━─]{10,}  11.0/136.1 MB  3.3 MB/s  0:38 left"),
        (80, r"Encoding big [━─]{10,}  11.0/136.1 MB  3.3 MB/s  0/8 parts  0:38 left"),
        (
            140,
            r"Encoding big [━─]{40,}  11.0/136.1 MB  3.3 MB/s  0/8 parts  3.07M tokens  2 left out  .*left",
        ),
    ],
)
def test_a_line_says_what_there_is_room_for_and_the_bar_takes_the_rest(width, expected):
    found = text_of(line(ENCODING, width, bytes_per_s=3_300_000))
    assert cell_len(found) == width
    assert re.fullmatch(expected, found)


@given(
    st.sampled_from(["fetch", "plan", "encode", "commit", "upload", "verify", "export", "other"]),
    st.text(max_size=80),
    st.integers(0, 2**50),
    st.one_of(st.none(), st.integers(0, 2**50)),
    st.one_of(st.none(), st.floats(1, 1e12)),
    st.integers(36, 300),
)
def test_a_line_never_leaves_its_row(stage, label, done, total, speed, width):
    progress = Progress(stage, label, done, total, 10**12, 10**9, 3, 4096, 1, 0, 10**9)
    found = text_of(line(progress, width, bytes_per_s=speed))
    assert cell_len(found) <= width
    assert "\n" not in found


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_the_bar_is_the_share_that_is_done(done, total):
    found = line(Progress("fetch", "x", done, total), 80)
    full, empty = len(found[1][0]), len(found[2][0])
    assert full == min((full + empty) * done // total, full + empty)


def test_colours_are_calm():
    styles = {style for _, style in line(ENCODING, 140, bytes_per_s=1e6)}
    assert styles == {"", "cyan", "dim"}


def test_work_of_unknown_size_is_a_name_only():
    assert line(Progress("plan", "big"), 80) == [("Planning big", "")]


@given(st.lists(st.tuples(st.floats(0.01, 5), st.integers(0, 10**9)), min_size=1))
def test_speed_is_that_of_the_last_seconds(steps):
    speed, at, done = Speed(), 0.0, 0
    notes = [(0.0, 0)]
    speed.note(0.0, 0)
    for seconds, size in steps:
        at, done = at + seconds, done + size
        notes.append((at, done))
        speed.note(at, done)
    # the newest note that is at least a window old, or the first
    began, before = max([n for n in notes[:-1] if at - n[0] >= 20.0], default=notes[0])
    expected = (done - before) / (at - began) if at - began >= 0.5 and done > before else None
    assert speed.bytes_per_s() == expected


def test_nothing_is_said_of_speed_at_first():
    speed = Speed()
    assert speed.bytes_per_s() is None
    speed.note(0, 0)
    speed.note(0.4, 100)
    assert speed.bytes_per_s() is None


class Terminal:
    """A program on a terminal: what it wrote, and what a person sees of it in the end."""

    def __init__(self, command, cwd, columns, *, until=None, then=None):
        parent, child = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "CORPUSKIT_PLUGINS": ""}
        process = subprocess.Popen(command, cwd=cwd, stdout=child, stderr=child, env=environment)
        os.close(child)
        written = b""
        while True:
            try:
                written += os.read(parent, 10_000)
            except OSError:
                break
            if until is not None and re.search(until, written.decode("utf-8", "replace")):
                process.send_signal(then)
                until = None
        os.close(parent)
        self.returncode = process.wait()
        self.written = written.decode()

    @property
    def frames(self):
        """The lines as they were drawn, without colours."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.written)
        return [frame for frame in re.split(r"[\r\n]+", plain) if frame.strip()]

    @property
    def seen(self):
        """The rows that are left in the end."""
        rows = [""]
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", self.written):
            if part == "\n":
                rows.append("")
            elif part == "\r":
                continue
            elif part.endswith("K"):
                rows[-1] = ""
            elif part.endswith("A"):
                del rows[-1:]
            elif not part.startswith("\x1b"):
                rows[-1] = part
        return [row for row in rows if row.strip()]


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_nothing_of_the_bar_is_left_when_all_is_done(tmp_path, columns):
    (tmp_path / "my.txt").write_text("words " * 50_000)
    command = [sys.executable, "-m", "corpuskit", "prepare", "./my.txt", "--encoding", "bytes"]
    terminal = Terminal(command, tmp_path, columns)
    assert terminal.returncode == 0
    assert any(frame.startswith("Encoding my ━") for frame in terminal.frames)
    assert all(len(frame) <= columns for frame in terminal.frames if "━" in frame)
    assert all(len(row) <= columns for row in terminal.seen), "words are not torn apart"
    assert re.fullmatch(r"Prepared .*\. By default: .*\. data/my/bytes", " ".join(terminal.seen))


def test_an_interrupted_run_leaves_one_line_and_the_next_says_what_is_there(tmp_path):
    (tmp_path / "my.txt").write_text("a line of text\n" * 1_000_000)
    command = [
        sys.executable, "-m", "corpuskit", "prepare", "./my.txt", "--lines", "--encoding", "gpt2",
        "--part-bytes", "1000000", "--workers", "1", "--engine", "tiktoken", "-o", "x",
    ]  # fmt: skip
    stopped = Terminal(command, tmp_path, 80, until=r"[3-9]/\d+ parts", then=signal.SIGINT)
    assert stopped.returncode == 130
    assert re.search(r"\x1b\[2K\r*corpuskit: interrupted", stopped.written), "no row is left empty"
    line = " ".join(stopped.seen)
    assert all(len(row) <= 80 for row in stopped.seen)
    kept, of = map(int, re.match(r"corpuskit: interrupted; (\d+) of (\d+) parts are finished", line).groups())
    assert kept >= 3
    again = Terminal(command, tmp_path, 80)
    assert again.returncode == 0
    assert again.seen[0] == f"corpuskit: going on: {kept} of {of} parts are there"
    first = next(frame for frame in again.frames if frame.startswith("Encoding my"))
    assert f"{kept}/{of} parts" in first
    assert " MB/s" not in first  # what is there already took this run no time


def test_a_run_for_some_tokens_ends_with_a_full_bar(tmp_path):
    (tmp_path / "my.txt").write_text("a line of text\n" * 200_000)
    command = [
        sys.executable, "-m", "corpuskit", "prepare", "./my.txt", "--lines", "--encoding", "bytes",
        "--part-bytes", "300000", "--workers", "1", "--max-tokens", "1M", "-o", "x",
    ]  # fmt: skip
    terminal = Terminal(command, tmp_path, 80)
    assert terminal.returncode == 0
    last = [frame for frame in terminal.frames if frame.startswith("Encoding my")][-1]
    assert "─" not in last
    done, total = re.search(r"([\d.]+)/([\d.]+) MB", last).groups()
    assert done == total
    assert float(total) < 3
