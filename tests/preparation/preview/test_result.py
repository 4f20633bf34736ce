from __future__ import annotations

import dataclasses

from corpuskit.preparation.preview.estimate import Sampled
from corpuskit.preparation.preview.result import PlannedFile, PreparationPlan, sampled
from corpuskit.sources.listing.left_out import LeftOut


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
