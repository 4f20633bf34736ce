"""Loops are counted once each, however their workers' beginnings are mixed."""

import multiprocessing
import random
from types import SimpleNamespace

import pytest

from corpuskit.batches import loops as module
from corpuskit.batches.loops import Loops


@pytest.fixture
def as_worker(monkeypatch):
    """Begins a loop as a worker would."""

    def begin(loops, worker, seed):
        info = None if worker is None else SimpleNamespace(id=worker, seed=seed + worker)
        monkeypatch.setattr(module, "get_worker_info", lambda: info)
        return loops.begin()

    return begin


def test_loops_without_workers_are_counted(as_worker):
    loops = Loops()
    assert [as_worker(loops, None, 0) for _ in range(3)] == [0, 1, 2]
    loops.following = 7
    assert [as_worker(loops, None, 0) for _ in range(2)] == [7, 8]
    assert loops.following == 9


def test_the_workers_of_a_loop_agree_whatever_their_order(as_worker):
    draws = random.Random(1)
    loops = Loops()
    for loop in [*range(20), *range(3, 30)]:
        loops.following = loop
        workers = list(range(draws.randint(1, 5)))
        draws.shuffle(workers)
        seed = draws.randint(-(2**63), 2**63 - 10)
        assert {as_worker(loops, worker, seed) for worker in workers} == {loop}


def test_workers_that_live_on_take_the_loops_in_turn_though_one_is_late(as_worker):
    loops = Loops()
    assert [as_worker(loops, 0, 5) for _ in range(3)] == [0, 1, 2]
    assert [as_worker(loops, 1, 5) for _ in range(3)] == [0, 1, 2]
    assert loops.following == 3


def _begin(loops, results, seed, worker):
    module.get_worker_info = lambda: SimpleNamespace(id=worker, seed=seed + worker)
    results.put(loops.begin())


def test_processes_share_the_count():
    context = multiprocessing.get_context("fork")
    loops, results = Loops(), context.Queue()
    for loop in range(2):
        processes = [
            context.Process(target=_begin, args=(loops, results, 100 + loop, worker)) for worker in range(3)
        ]
        for process in processes:
            process.start()
        assert [results.get(timeout=60) for _ in processes] == [loop] * 3
        for process in processes:
            process.join()
    assert loops.following == 2
