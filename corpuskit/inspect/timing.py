"""How long calls take, each measured in turns with what it is compared with."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

Case = Callable[[], Any]

_TURNS, _LEAST_TURNS = 25, 3


def measure_in_turns(cases: Sequence[Case], seconds: float) -> list[list[float]]:
    """Seconds a call of each case, one figure a turn: a busy machine slows all of them alike.

    Each case is called twice before. There are 25 turns, or as few as 3 where calls take long.

    Args:
        cases: What is called.
        seconds: About how long to measure; slow calls take longer.
    """
    share = seconds / _TURNS / len(cases)
    counts = []
    for case in cases:
        case()
        began = time.perf_counter()
        case()
        counts.append(max(1, int(share / max(time.perf_counter() - began, 1e-9))))
    found: list[list[float]] = [[] for _ in cases]
    end = time.perf_counter() + seconds
    for turn in range(_TURNS):
        if turn >= _LEAST_TURNS and time.perf_counter() > end:
            break
        for case, count, times in zip(cases, counts, found, strict=True):
            began = time.perf_counter()
            for _ in range(count):
                case()
            times.append((time.perf_counter() - began) / count)
    return found


def median_ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How many times as long the slow one takes: the median over the turns.

    Args:
        slow: Seconds of each turn.
        fast: Seconds of the same turns.
    """
    return statistics.median(s / f for s, f in zip(slow, fast, strict=True))


__all__ = ["Case", "measure_in_turns", "median_ratio"]
