"""SIGKILL at random moments, and again while the next run goes on from there."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest
from fault_tools import Fault

COMMANDS = ["prepare", "workers", "keep", "overwrite", "commit", "export", "fetch"]
KILLED = -signal.SIGKILL


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("P1", "P2")
def test_killed_at_any_call_again_and_again_it_ends_with_the_same_bytes(worlds, draw, command):
    world = worlds(command)

    def problems_of(calls: list[int]) -> Iterator[str]:
        world.reset()
        kills = [Fault(None, nth, signal=signal.SIGKILL, group=True) for nth in calls]
        for kill in kills[:-1]:
            if (code := world.run(kill).code) not in (KILLED, 0):
                yield f"{kill}: exit code {code}"
        yield from world.problems_after(world.run(kills[-1]), codes=(KILLED,))

    number = draw.random.randint
    rounds = [[number(1, world.total) for _ in range(number(1, 3))] for _ in range(draw.count(2))]
    draw.check(rounds, problems_of)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.fault("P2", "O3")
def test_killed_at_any_moment_it_ends_with_the_same_bytes(worlds, draw, command):
    """Of several processes the first one or all are killed; those that are left write on for a moment."""
    world = worlds(command)
    world.reset()
    started = time.monotonic()
    world.run()
    duration_s = time.monotonic() - started

    def problems_of(when: tuple[float, bool]) -> Iterator[str]:
        world.reset()
        process = world.start(Fault())
        time.sleep(when[0])
        process.kill(signal.SIGKILL, group=when[1])
        yield from world.problems_after(process.wait(), codes=(KILLED,))

    rounds = [(draw.random.uniform(0, duration_s), draw.random.random() < 0.5) for _ in range(draw.count(2))]
    draw.check(rounds, problems_of)


@pytest.mark.fault("P4", "O1")
def test_a_worker_that_is_killed_is_replaced(worlds, draw):
    """The first process goes on whichever of its helpers dies, at any call; its own death is told apart."""
    world = worlds("workers")

    def problems_of(nth: int) -> Iterator[str]:
        world.reset()
        outcome = world.run(Fault("write", nth, signal=signal.SIGKILL, only="/part-"))
        yield from world.problems_after(outcome, codes=())

    draw.check(draw.some(range(1, 7), 3), problems_of)
