"""Several processes at one output: writers, a reader while it is replaced, and a writer that was stopped."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence

import pytest
from fault_tools import Fault, Outcome, World, names

STOP = signal.SIGSTOP


def problems_of_all(world: World, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """What is wrong unless there is one corpus, whole, and nothing beside it.

    Whoever did not make it has found it, or says why not.
    """
    for outcome in outcomes:
        if outcome.code not in (0, 4) or len(outcome.lines) != (outcome.code != 0):
            yield str(outcome)
    if all(outcome.code for outcome in outcomes):
        yield "none of them made it"
    yield from world.problems_after(Outcome(0, "", ""))


@pytest.mark.parametrize("no_locks", [False, True], ids=["locks", "no-locks"])
@pytest.mark.parametrize("command", ["prepare", "workers", "overwrite", "commit", "export"])
@pytest.mark.fault("C1", "C2")
def test_two_writers_make_one_corpus(worlds, draw, command, no_locks):
    world = worlds(command)

    def problems_of(number: int) -> Iterator[str]:
        world.reset()
        both = [world.start(Fault(no_locks=no_locks)) for _ in range(2)]
        yield from problems_of_all(world, [process.wait() for process in both])

    draw.check(range(draw.count(2)), problems_of)


@pytest.mark.parametrize("command", ["prepare", "overwrite", "commit", "export"])
@pytest.mark.fault("P7", "C2")
def test_a_writer_that_was_stopped_while_another_finished_does_no_harm(worlds, draw, command):
    """Locks do nothing here: the stopped one would hold one, as it may on another machine's behalf.

    Its helpers are stopped with it, as a terminal does that: it would wait for one of them for ever.
    """
    world = worlds(command)

    def problems_of(nth: int) -> Iterator[str]:
        world.reset()
        late = world.start(Fault(None, nth, signal=STOP, group=True, no_locks=True))
        if not late.wait_until_stopped():
            return
        where = world.launcher.control.where
        other = world.run(Fault(no_locks=True))
        if (state := world.state()) != "new" or other.code:
            yield f"{where}: the other one: {other}, {state}"
        late.kill(signal.SIGCONT, group=True)
        yield from (f"{where}: {problem}" for problem in problems_of_all(world, [late.wait(), other]))

    draw.check(draw.some(range(1, world.total + 1), 3), problems_of)


@pytest.mark.parametrize(
    "reading", [("info", "out", "--json"), ("verify", "out", "--json", "-q")], ids=["info", "verify"]
)
@pytest.mark.fault("C4", "R2")
def test_a_reader_gets_the_old_or_the_new_corpus_while_it_is_replaced(worlds, draw, reading):
    """The reader is stopped before any of its calls, and goes on when the corpus has been replaced."""
    world, launcher = worlds("overwrite"), worlds("overwrite").launcher
    world.reset()
    old = launcher.run(reading, world.folder)
    num_calls = launcher.control.total
    world.run()
    new = launcher.run(reading, world.folder)
    assert (old.code, new.code) == (0, 0)

    def problems_of(nth: int) -> Iterator[str]:
        world.reset()
        reader = launcher.start(reading, world.folder, fault=Fault(None, nth, signal=STOP))
        assert reader.wait_until_stopped()
        where = launcher.control.where
        assert world.run().code == 0
        reader.kill(signal.SIGCONT)
        outcome = reader.wait()
        if (outcome.code, outcome.stderr) != (0, "") or outcome.stdout not in (old.stdout, new.stdout):
            yield f"{where}: {outcome}"

    draw.check(draw.some(range(1, num_calls + 1), 12), problems_of)


@pytest.mark.parametrize("stdout", ["full", "closed"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("info", "out"),
        ("info", "out", "--json"),
        ("show", "out", "--tokens", "4"),
        ("verify", "out", "--json"),
        ("list", "tokenizers"),
        ("prepare", "./texts", "--encoding", "bytes", "-o", "other", "-q"),
    ],
    ids=" ".join,
)
@pytest.mark.fault("P8")
def test_output_that_cannot_be_written_is_told_and_the_work_is_kept(worlds, arguments, stdout):
    world = worlds("export")
    world.reset()
    outcome = world.launcher.run(arguments, world.folder, stdout=stdout)
    lines = outcome.stderr.splitlines()
    assert outcome.code == 4, outcome
    assert len(lines) == 1, outcome
    if "--json" in arguments:
        assert json.loads(lines[0])["exit_code"] == 4
    else:
        assert lines[0].startswith("corpuskit: error: "), outcome
    if arguments[0] == "prepare":
        assert json.loads((world.folder / "other" / "manifest.json").read_bytes())
        assert not any("preparing" in name for name in names(world.folder))
