"""Words as long as books: tiktoken's ids, in time linear in their length."""

from __future__ import annotations

import random

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.tokenizers import boundaries, engine, long_words
from corpuskit.tokenizers.encodings import open_encoding
from corpuskit.tokenizers.long_words import LongWords
from corpuskit.tokenizers.opening import open_tokenizer

ENCODINGS = tiktoken.list_encoding_names()
every_encoding = pytest.mark.parametrize("name", ENCODINGS)
RUNS = [" ", "a", "A", "\n", "\t", "!", "/", "=-", "ab", "aA", "\n ", " \t", "\r\n", "'s", "0"]


class Counting:
    """tiktoken's core, which counts the bytes that it is given to encode."""

    def __init__(self, core):
        self._core = core
        self.num_bytes = 0

    def encode_single_piece(self, word: bytes) -> list[int]:
        self.num_bytes += len(word)
        return self._core.encode_single_piece(word)

    def __getattr__(self, name):
        return getattr(self._core, name)


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(long_words, "_PIECE_BYTES", 200)
    monkeypatch.setattr(engine, "_LONG", 1000)
    monkeypatch.setattr(engine, "_NO_SAFE_PLACE_FOR", 1000)
    monkeypatch.setattr(engine, "_SUSPECT_BYTES", 500)


@every_encoding
@pytest.mark.parametrize(
    "letters", [*RUNS, "ACGT", "abcdefghijklmnopqrstuvwxyz", "etaoinETAOIN", "\xe9\u5b57"]
)
def test_a_long_word_has_tiktokens_ids_and_is_encoded_about_once(name, letters, monkeypatch):
    monkeypatch.setattr(long_words, "_PIECE_BYTES", 5000)
    encoding = open_encoding(name)
    generator = random.Random(letters)
    for word in ((letters * 40_000)[:40_001], "".join(generator.choices(letters, k=40_001))):
        words = LongWords(encoding)
        words._core = counting = Counting(encoding._core_bpe)
        assert words.encode_word(word.encode()) == encoding._core_bpe.encode_single_piece(word.encode())
        assert counting.num_bytes < 3 * len(word.encode())


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(ENCODINGS),
    text=st.lists(
        st.tuples(st.sampled_from([*RUNS, "x", "don't", "'", "\x1c", "I'LL", "  /"]), st.integers(1, 700)),
        max_size=6,
    ).map(lambda runs: "".join(unit * count for unit, count in runs)),
)
def test_text_of_runs_has_tiktokens_ids(name, text):
    encoding = open_encoding(name)
    expected = encoding.encode_ordinary(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_words, "_PIECE_BYTES", 200)
        assert LongWords(encoding).encode(text.encode()).tolist() == expected
        patch.setattr(engine, "_LONG", 300)
        patch.setattr(engine, "_SUSPECT_BYTES", 100)
        assert engine.TiktokenEngine(encoding).encode_one(text).tolist() == expected


@every_encoding
def test_both_engines_take_a_word_of_megabytes_apart(name, small_pieces):
    """The words' ids are known from shorter ones; neither engine is given more than a little of them."""
    expected = open_encoding(name).encode_ordinary
    tokenizer = open_tokenizer(name)
    for engine_name in ("auto", "tiktoken"):
        tokenizer.select_engine(engine_name)
        for text in (" " * 9000, "a" * 9000 + " b", "x" + "\n" * 9000 + "y", "word " * 3 + "!" * 9000):
            assert tokenizer.encode_batch([text.encode()]).ids.tolist() == expected(text)


def test_the_comparison_of_the_engines_takes_little_of_a_text_without_a_safe_place(monkeypatch):
    tokenizer = open_tokenizer("gpt2")
    pytest.importorskip("gigatoken")
    tokenizer.encode_batch([b"load it"])
    given: list[int] = []
    encode = engine.TiktokenEngine.encode
    monkeypatch.setattr(
        engine.TiktokenEngine,
        "encode",
        lambda self, texts: given.extend(map(len, texts)) or encode(self, texts),
    )
    ids = tokenizer.encode_batch([b" " * 500_000]).ids
    assert given == [engine._COMPARED_BYTES]
    assert np.array_equal(ids, np.full(500_000, 220))


def test_two_neighbours_that_would_merge_are_encoded_again():
    """The first piece ends within what the whole word has as one token."""
    encoding = open_encoding("gpt2")
    words = LongWords(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_words, "_PIECE_BYTES", 20)
        patch.setattr(long_words, "_AGAIN", 1)
        for text in ("internationalization" * 30, "antidisestablishmentarianism" * 20):
            assert words.encode_word(text.encode()) == encoding._core_bpe.encode_single_piece(text.encode())


def test_patterns_are_those_that_the_rules_are_shown_for():
    assert {open_encoding(name)._pat_str for name in ENCODINGS} <= boundaries.SAFE_PATTERNS


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(ENCODINGS),
    text=st.lists(
        st.tuples(st.sampled_from([*RUNS, "x", "1,", "a1", "\x1c", "  /"]), st.integers(1, 400)),
        min_size=1,
        max_size=6,
    ).map(lambda runs: "".join(unit * count for unit, count in runs)),
)
def test_every_text_with_a_long_word_is_known(name, text):
    import regex

    longest = max(len(word) for word in regex.findall(open_encoding(name)._pat_str, text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_words, "_PIECE_BYTES", 100)
        assert long_words.may_have_long_word(text.encode()) or longest <= 101


def test_many_short_words_without_a_safe_place_are_no_long_words():
    assert not long_words.may_have_long_word(b"1234,abc;" * 200_000)
    assert long_words.may_have_long_word(b"1234," * 200_000 + b"a" * 20_000)
