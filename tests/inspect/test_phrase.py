from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.inspect.phrase import Phrase

#: Overlapping tokens over three letters, an id that nothing has, and an end of text.
TOKENS = [b"a", b"b", b"c", b"ab", b"ba", b"aab", b"abcab", b"", b"<eot>"]
EOT = 8


def brute(ids: list[int], phrase: bytes) -> set[tuple[int, int]]:
    """Where a phrase is, by decoding: the tokens that hold its first and its last byte."""
    found = set()
    for is_end, group in itertools.groupby(enumerate(ids), key=lambda one: one[1] == EOT):
        if is_end:
            continue
        inside = list(group)
        numbers = [number for number, token in inside for _ in TOKENS[token]]
        text = b"".join(TOKENS[token] for _, token in inside)
        for at in range(len(text) - len(phrase) + 1):
            if text.startswith(phrase, at):
                found.add((numbers[at], numbers[at + len(phrase) - 1] + 1))
    return found


@given(
    st.lists(st.integers(0, len(TOKENS) - 1), max_size=60),
    st.text("abc", min_size=1, max_size=9).map(str.encode),
    st.sampled_from(["<u2", "<u4"]),
)
def test_every_encoding_of_a_phrase_is_found_and_nothing_else(ids, phrase, dtype):
    array = np.array(ids, dtype)
    found = Phrase(phrase, TOKENS, eot_id=EOT)
    found.choose(np.bincount(ids, minlength=len(TOKENS)) if ids else np.zeros(len(TOKENS), np.int64))
    starts, stops, _ = found.occurrences(array, found.finder(array.dtype)(array))
    assert {*zip(starts.tolist(), stops.tolist(), strict=True)} == brute(ids, phrase)


@pytest.mark.parametrize("dtype", ["<u2", "<u4"])
@pytest.mark.parametrize("wanted", [[7], [1, 2, 3], [0, 5, 9, 10, 11]])
def test_ids_are_found_in_arrays_of_any_length(dtype, wanted):
    ids = np.random.default_rng(0).integers(0, 12, 200_000).astype(dtype)
    ids[-1] = 4000  # no id of the vocabulary, as in a damaged shard
    phrase = Phrase(b"x", [b"x" if number in wanted else b"y" for number in range(12)], eot_id=None)
    found = phrase.finder(ids.dtype)(ids)
    assert found.tolist() == np.flatnonzero(np.isin(ids, wanted)).tolist()


def test_a_phrase_that_no_tokens_make_is_impossible():
    phrase = Phrase(b"abx", TOKENS, eot_id=EOT)
    phrase.choose(np.ones(len(TOKENS), np.int64))
    assert not phrase.is_possible


def test_the_byte_with_the_rarest_tokens_is_looked_for():
    phrase = Phrase(b"abc", [b"a", b"b", b"c"], eot_id=None)
    phrase.choose(np.array([5, 1, 5]))
    ids = np.array([0, 1, 2], np.uint16)
    assert phrase.finder(ids.dtype)(ids).tolist() == [1]
