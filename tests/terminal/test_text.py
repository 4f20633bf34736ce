"""Text for people."""

from __future__ import annotations

from corpuskit.terminal.text import duration, size


def test_sizes_and_times_for_people():
    assert [size(n) for n in (0, 999, 603_900, 1.1e6, 7.5e9)] == [
        "0 B",
        "999 B",
        "603.9 kB",
        "1.1 MB",
        "7.5 GB",
    ]
    assert [duration(n) for n in (0.2, 59, 200, 7800)] == ["1 s", "59 s", "3 min", "2 h 10 min"]
