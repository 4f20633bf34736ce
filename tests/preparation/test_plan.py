"""The size of parts: a rule of names and sizes only."""

from __future__ import annotations

import pytest

from corpuskit.preparation.plan import part_bytes_for


@pytest.mark.parametrize(
    ("total", "fast", "slow"),
    [
        (0, 2**24, 2**22),
        (2**30, 2**24, 2**22),
        (2**35, 2**24, 2**23),
        (2**40, 2**28, 2**28),
        (2**50, 2**32, 2**32),
    ],
)
def test_parts_of_slow_tokenizers_are_smaller_where_the_corpus_is_small(total, fast, slow):
    assert part_bytes_for(total, fast=True) == fast
    assert part_bytes_for(total, fast=False) == slow
