"""SIGKILL at random moments, and again while the next run goes on from there."""

from __future__ import annotations

import signal
import time

import pytest
from fault_tools import Fault

COMMANDS = ["prepare", "workers", "overwrite", "commit", "export", "fetch"]
KILLED = -signal.SIGKILL


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("P1", "P2")
def test_killed_at_any_call_again_and_again_it_ends_with_the_same_bytes(worlds, draw, command):
    world = worlds(command)
    for _ in range(draw.count(3)):
        world.reset()
        kills = [
            Fault(None, draw.random.randint(1, world.total), signal=signal.SIGKILL, group=True)
            for _ in range(draw.random.randint(1, 3))
        ]
        for kill in kills[:-1]:
            assert world.run(kill).code in (KILLED, 0)
        outcome = world.run(kills[-1])
        problems = list(world.problems_after(outcome, codes=(KILLED,)))
        assert not problems, f"{kills}: {problems}"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("P2", "O3")
def test_killed_at_any_moment_it_ends_with_the_same_bytes(worlds, draw, command):
    """Of several processes the first one or all are killed; those that are left write on for a moment."""
    world = worlds(command)
    world.reset()
    started = time.monotonic()
    world.run()
    duration_s = time.monotonic() - started
    for _ in range(draw.count(3)):
        world.reset()
        delay_s, group = draw.random.uniform(0, duration_s), draw.random.random() < 0.5
        process = world.start(Fault())
        time.sleep(delay_s)
        process.kill(signal.SIGKILL, group=group)
        problems = list(world.problems_after(process.wait(), codes=(KILLED,)))
        assert not problems, f"after {delay_s} s, group {group}: {problems}"


@pytest.mark.fault("P4", "O1")
def test_a_worker_that_is_killed_is_replaced(worlds, draw):
    """The first process goes on whichever of its helpers dies, at any call; its own death is told apart."""
    world = worlds("workers")
    for nth in draw.some(range(1, world.counts["write"] + 1), 4):
        world.reset()
        outcome = world.run(Fault("write", nth, signal=signal.SIGKILL, only="/part-"))
        assert outcome.code == 0, outcome
        assert world.state() == "new"
