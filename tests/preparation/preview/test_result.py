from __future__ import annotations

import dataclasses

import pytest

from corpuskit.preparation.preview.estimate import Sampled
from corpuskit.preparation.preview.result import PlannedFile, PreparationPlan, range_text, sampled
from corpuskit.preparation.preview.totals import Range
from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.terminal.text import duration, size


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Range(9713, 9713, 9713), "9,713"),
        (Range(58_141_398, 54_210_000, 62_290_000), "about 58 M, 54 to 62"),
        (Range(21_073_013, 20_600_000, 21_500_000), "about 21.1 M, 20.6 to 21.5"),
        (Range(9713, 9203, 10_210), "about 9,700, 9,200 to 10,200"),
        (Range(1_781_994_603, 1_500_000_000, 2_000_000_000), "about 1.8 B, 1.5 to 2.0"),
        (Range(3, 1, 5), "about 3, 1 to 5"),
        (Range(0, 0, 0), "0"),
    ],
)
def test_a_number_has_the_digits_that_are_known(found, text):
    assert range_text(found) == text


def test_sizes_and_times_for_people():
    assert [size(n) for n in (0, 999, 603_900, 1.1e6, 7.5e9)] == [
        "0 B",
        "999 B",
        "603.9 kB",
        "1.1 MB",
        "7.5 GB",
    ]
    assert [duration(n) for n in (0.2, 59, 200, 7800)] == ["1 s", "59 s", "3 min", "2 h 10 min"]


def test_many_files_are_counted_but_those_with_problems_are_all_shown():
    files = [PlannedFile(f"{n:03}.txt", "text", size_bytes=1000) for n in range(100)]
    files[70] = PlannedFile("070.txt", "text", problems=("070.txt: damaged",))
    text = str(PreparationPlan("x", "gpt2", tuple(files), LeftOut()))
    assert "019.txt" in text
    assert "020.txt" not in text
    assert "  problem: 070.txt: damaged" in text
    assert "and 79 more files, 79.0 kB; --json lists all" in text


def test_the_sample_says_when_only_beginnings_of_files_were_read():
    sample = Sampled(64, 1, 1, 67_100_000, 151_600_000, 4_200_000, whole=False, from_front=True)
    assert sampled(sample) == (
        "64 places in 1 of 1 files, 67.1 MB of 151.6 MB from the front; 4.2 MB of text encoded"
    )
    anywhere = dataclasses.replace(sample, from_front=False)
    assert "from the front" not in sampled(anywhere)
