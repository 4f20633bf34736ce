"""SIGTERM and SIGINT at any moment: the exit code says which, one line says so, and the next run goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from fault_tools import Control, Fault, clean_environment, names

import corpuskit

COMMANDS = ["prepare", "workers", "overwrite", "commit", "export", "fetch"]
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.mark.parametrize("number", list(CODES), ids=lambda number: number.name)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("P3")
def test_told_to_stop_at_any_call_it_says_so_and_the_next_run_goes_on(worlds, draw, command, number):
    world = worlds(command)

    def problems_of(fault: Fault) -> Iterator[str]:
        world.reset()
        outcome = world.run(fault)
        where = world.launcher.control.where
        found = world.problems_after(outcome, codes=(CODES[number],))
        return (f"{where}: {problem}" for problem in found)

    # What a terminal or a batch system stops is the whole group.
    calls = draw.some(range(1, world.total + 1), 2)
    draw.check([Fault(None, nth, signal=number, group=True) for nth in calls], problems_of)


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

    assert run(Fault()).returncode == 2
    num_opens = control.counts["open"]

    def problems_of(nth: int) -> Iterator[str]:
        outcome = run(Fault("open", nth, signal=number))
        lines = [line for line in outcome.stderr.splitlines() if line]
        if outcome.returncode not in (CODES[number], -number) or len(lines) > 1:
            yield f"{control.where}: {outcome.returncode}, {lines}"
        if (left := names(tmp_path)) != {"control"}:
            yield f"{control.where}: {left}"

    # Before the command line's own module runs, Python answers.
    draw.check(draw.some(range(6, num_opens + 1), 2), problems_of)
