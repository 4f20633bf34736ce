"""Every system call on a file, failed or preceded by a kill."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from fault_tools import ERRORS, KINDS, Fault

#: An input that cannot be read is the text's fault, anything else the system's.
_OF_AN_INPUT, _OF_THE_SYSTEM = (3, 4), (4,)
KILLED = -signal.SIGKILL
COMMANDS = ["prepare", "workers", "overwrite", "commit", "export", "fetch"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("D3", "D4", "D6", "D7", "D13")
def test_a_failed_call_is_told_in_one_line_and_harms_nothing(worlds, draw, command, kind):
    world = worlds(command)
    choices = [
        Fault(kind, nth, error, forever=forever)
        for nth in range(1, world.counts[kind] + 1)
        for error in ERRORS[kind]
        for forever in (False, True)
    ]

    def problems_of(fault: Fault) -> Iterator[str]:
        world.reset()
        outcome = world.run(fault)
        where = world.launcher.control.where
        codes = _OF_AN_INPUT if "/texts" in where else _OF_THE_SYSTEM
        return (f"{where}: {problem}" for problem in world.problems_after(outcome, codes=codes))

    draw.check(draw.some(choices, 3), problems_of)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("P1", "P2", "O3")
def test_a_kill_before_a_call_tears_nothing_and_the_next_run_completes(worlds, draw, command, kind):
    world = worlds(command)
    choices = [
        Fault(kind, nth, signal=signal.SIGKILL, group=group)
        for nth in range(1, world.counts[kind] + 1)
        for group in (False, True)
    ]

    def problems_of(fault: Fault) -> Iterator[str]:
        world.reset()
        outcome = world.run(fault)
        where = world.launcher.control.where
        codes = (KILLED, 4) if command == "workers" else (KILLED,)
        return (f"{where}: {problem}" for problem in world.problems_after(outcome, codes=codes))

    draw.check(draw.some(choices, 1), problems_of)
