"""SIGTERM and SIGINT at any moment: the exit code says which, one line says so, and the next run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from fault_tools import Control, Fault, clean_environment

import corpuskit

COMMANDS = ["prepare", "workers", "overwrite", "commit", "export", "fetch"]
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.mark.parametrize("number", list(CODES), ids=lambda number: number.name)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("P3")
def test_told_to_stop_at_any_call_it_says_so_and_the_next_run_goes_on(worlds, draw, command, number):
    world = worlds(command)
    problems = []
    for _ in range(draw.count(3)):
        world.reset()
        # What a terminal or a batch system stops is the whole group; a person may stop the first process.
        fault = Fault(None, draw.random.randint(1, world.total), signal=number, group=True)
        outcome = world.run(fault)
        where = world.launcher.control.where
        found = world.problems_after(outcome, codes=(CODES[number],))
        problems += [f"{fault}, {where}: {problem}" for problem in found]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("number", list(CODES), ids=lambda number: number.name)
@pytest.mark.fault("P3")
def test_told_to_stop_while_it_starts_it_stops(preload, tmp_path, draw, number):
    """The signal comes when a module of corpuskit is read; before its first line runs, Python answers."""
    control = Control(tmp_path / "control", next(iter(corpuskit.__path__)))
    environ = {**clean_environment(), "LD_PRELOAD": str(preload), "CORPUSKIT_FAULTS": str(control.path)}
    command = [sys.executable, "-m", "corpuskit", "prepare", "nothing", "-q", "-o", str(tmp_path / "out")]

    def run(fault: Fault) -> subprocess.CompletedProcess[str]:
        control.set(fault)
        return subprocess.run(
            command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )

    first = run(Fault("open", only="/errors."))
    assert first.returncode == 2, first
    num_opens = run(Fault("open")) and control.counts["open"]
    for nth in draw.some(range(6, num_opens + 1), 3):
        outcome = run(Fault("open", nth, signal=number))
        where = control.where
        assert outcome.returncode in (CODES[number], -number), (nth, where, outcome)
        assert len(outcome.stderr.splitlines()) <= 1, (nth, where, outcome)
    assert not (tmp_path / "out").exists()
    assert os.listdir(tmp_path) == ["control"]
