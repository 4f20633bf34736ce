"""What was probably meant."""

from __future__ import annotations

import pytest

from corpuskit.near import hint, near

KNOWN = ("random", "shuffled", "sequential")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("RANDOM", ["random"]), ("shufled", ["shuffled"]), ("squential", ["sequential"]), ("zzz", [])],
)
def test_near_names_are_found_whatever_their_case(name, expected):
    assert near(name, KNOWN) == expected


def test_no_more_are_named_than_asked_for():
    assert near("aab", ["aaa", "aac", "aad"], most=2) == near("aab", ["aaa", "aac", "aad"])[:2]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("randm", "sampler", "did you mean 'random'?"),
        ("zzz", "sampler", "known: random, shuffled, sequential"),
        ("gpt-4o", "tokenizer", "gpt-4o is a model; its encoding is 'o200k_base'"),
    ],
)
def test_a_hint_says_what_is_meant_or_what_there_is(name, kind, expected):
    assert hint(name, KNOWN, kind=kind) == expected
