"""Signals at any moment: the right exit code, one line, nothing lost and nothing left."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpuskit import interrupts, registry
from corpuskit.errors import PluginLoadFailed
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import SamplerSpec

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
LINES = {signal.SIGINT: "corpuskit: interrupted\n", signal.SIGTERM: "corpuskit: terminated\n"}

SWALLOWED_BY_A_DESTRUCTOR = """
import time
class Dying:
    def __del__(self):
        os.kill(os.getpid(), {0})
        time.sleep(0)
Dying()
"""
SWALLOWED_BY_A_HOOK = """
import time
os.register_at_fork(before=lambda: (os.kill(os.getpid(), {0}), time.sleep(0)))
if not os.fork():
    os._exit(0)
"""

both = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)


def python(program: str, *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, check=False
    )


def in_a_command(body: str) -> str:
    """A program whose command runs some lines while it does its work."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return (
        "import os, signal, sys\nimport corpuskit.cli as cli\n"
        f"def work(*_, **__):\n{lines}\n"
        "cli.root.main = work\ncli.main([])\n"
    )


@both
@pytest.mark.parametrize(
    "place",
    [
        "os.kill(os.getpid(), {0})",
        "exec('os.kill(os.getpid(), {0})')",  # Python itself would end another way
        "try:\n    os.kill(os.getpid(), {0})\nexcept KeyboardInterrupt:\n    pass",
        "try:\n    os.kill(os.getpid(), {0})\nexcept KeyboardInterrupt:\n    raise ValueError",
        "try:\n    os.kill(os.getpid(), {0})\nfinally:\n    os.kill(os.getpid(), {0})",
        f"{SWALLOWED_BY_A_DESTRUCTOR}signal.pause()",
        f"{SWALLOWED_BY_A_HOOK}signal.pause()",
    ],
    ids=["plain", "exec", "caught", "changed", "twice", "destructor", "hook"],
)
def test_a_signal_is_never_lost_and_told_once(number, place):
    ended = python(in_a_command(place.format(int(number))))
    assert (ended.returncode, ended.stderr) == (CODES[number], LINES[number])


@both
def test_a_signal_that_a_shell_has_ignored_stays_ignored(number):
    program = in_a_command(f"os.kill(os.getpid(), {number:d})\nprint('goes on')")
    ended = python(f"import signal\nsignal.signal({number:d}, signal.SIG_IGN)\n{program}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "goes on\n", "")


@both
def test_a_signal_when_all_is_done_ends_at_once(number):
    program = f"import atexit, os\natexit.register(lambda: os.kill(os.getpid(), {number:d}))\n"
    ended = python(program + in_a_command("pass"))
    assert (ended.returncode, ended.stderr) == (CODES[number], LINES[number])


@pytest.mark.parametrize("handler", ["command line", "own"])
def test_sigterm_while_a_plugin_is_imported_is_not_the_plugins_failure(tmp_path, monkeypatch, handler):
    (tmp_path / "slow_plugin.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n")
    monkeypatch.syspath_prepend(tmp_path)
    component = registry.Component(SamplerSpec("slow", "slow", "slow_plugin:made"), Owner("a", "b", "1"))
    before = {number: signal.getsignal(number) for number in CODES}
    try:
        if handler == "command line":
            interrupts.unwind()
            expected: type[BaseException] = interrupts.Terminated
        else:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
            expected = SystemExit
        with pytest.raises(expected):
            component.load()
    finally:
        for number, old in before.items():
            signal.signal(number, old)
    (tmp_path / "slow_plugin.py").write_text("import sys\nsys.exit('no')\n")
    with pytest.raises(PluginLoadFailed, match="SystemExit: no"):
        component.load()


def test_signals_are_held_until_the_end_of_a_block_and_then_arrive():
    seen: list[str] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append("arrived"))
    try:
        with interrupts.held(), interrupts.held():
            os.kill(os.getpid(), signal.SIGUSR1)
            seen.append("held")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == ["held", "arrived"]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    lines = [json.dumps({"text": f"document {number} " + "word " * 60}) for number in range(4000)]
    (tmp_path / "good.jsonl").write_text("\n".join(lines))
    (tmp_path / "bad.jsonl").write_text("\n".join(['{"text": 1', *lines[:2000]]))
    return tmp_path


def prepare(folder: Path, name: str, output: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "corpuskit", "prepare", name, "--encoding", "gpt2"]
    command += ["--workers", "8", "--part-bytes", "20000", "-o", output]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.fixture
def rounds(pytestconfig) -> int:
    return pytestconfig.getoption("--rounds") or 8


def test_workers_that_are_dismissed_as_they_begin_say_nothing(texts, rounds):
    for number in range(rounds):
        process = prepare(texts, "bad.jsonl", f"x{number}")
        _, said = process.communicate()
        assert (process.returncode, said.count("\n")) == (3, 1), said


@both
def test_a_signal_to_the_whole_group_at_any_moment_is_told_once_and_leaves_nothing(
    texts, number, rounds, pytestconfig
):
    generator = random.Random(pytestconfig.getoption("--seed"))
    ended = 0
    for turn in range(rounds):
        process = prepare(texts, "good.jsonl", f"x{turn}")
        while not (texts / f".x{turn}.preparing").exists() and process.poll() is None:
            time.sleep(0.001)  # before, Python itself may not have begun
        time.sleep(generator.uniform(0, 0.3))
        os.killpg(process.pid, number)
        _, said = process.communicate()
        if process.returncode != 0:
            ended += 1
            assert (process.returncode, said.count(LINES[number].strip())) == (CODES[number], 1), said
            assert "Traceback" not in said
            assert "Exception ignored" not in said
        assert not list(texts.glob(".x*/**/*.tmp"))
    assert ended
