from __future__ import annotations

import subprocess
import sys

import pytest

GROW_AND_GIVE_BACK = """
from corpuskit.machine import give_back, resident_bytes

before = resident_bytes()
pieces = [bytes(1000) for _ in range(40_000)]
kept = bytes(1000)  # behind them in memory, so that nothing is given back by itself
grown = resident_bytes() - before
del pieces
freed = resident_bytes() - before
give_back()
print(grown, freed, resident_bytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says and does it")
def test_what_was_used_and_is_free_is_given_back() -> None:
    told = subprocess.run([sys.executable, "-c", GROW_AND_GIVE_BACK], check=True, capture_output=True)
    grown, freed, given_back = map(int, told.stdout.split())
    assert grown >= freed > 30 * 2**20
    assert given_back < 10 * 2**20
