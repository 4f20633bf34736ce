"""What is measured in turns."""

from __future__ import annotations

import pytest

from corpuskit.inspect import timing
from corpuskit.inspect.timing import measure_in_turns, median_ratio


class Clock:
    """A clock that goes only while something is called."""

    now = 0.0

    def perf_counter(self):
        return self.now

    def takes(self, *seconds):
        times = iter(seconds * 10_000)

        def case():
            self.now += next(times)

        return case


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    return clock


def test_each_turn_has_one_figure_of_each_case(clock):
    fast, slow = measure_in_turns([clock.takes(0.001), clock.takes(0.01)], 1.0)
    assert len(fast) == len(slow) == 25
    assert fast == pytest.approx([0.001] * 25)
    assert slow == pytest.approx([0.01] * 25)
    assert median_ratio(slow, fast) == pytest.approx(10)


def test_slow_calls_have_fewer_turns_and_at_least_three(clock):
    (times,) = measure_in_turns([clock.takes(5.0)], 1.0)
    assert times == [5.0] * 3
    (times,) = measure_in_turns([clock.takes(0.2)], 1.0)
    assert 3 <= len(times) <= 6


def test_a_call_that_takes_no_time_is_measured(clock):
    (times,) = measure_in_turns([clock.takes(0.0)], 1e-7)
    assert times == [0.0] * 25


def test_the_ratio_is_that_of_most_turns_and_not_of_a_busy_one():
    assert median_ratio([2.0, 2.0, 90.0], [1.0, 1.0, 1.0]) == 2.0
