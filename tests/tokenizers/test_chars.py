from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import TokenizerError
from corpuskit.testing import TokenizerSuite
from corpuskit.tokenizers.bytes import ByteTokenizer
from corpuskit.tokenizers.chars import CharTokenizer

ALPHABET = "\x00\n 'aAzé日🙂\U0010ffff"
TEXT = st.text()


def fitted(*texts: str) -> CharTokenizer:
    tokenizer = CharTokenizer()
    tokenizer.fit(text.encode() for text in texts)
    return tokenizer


class TestChars(TokenizerSuite):
    alphabet = ALPHABET

    @pytest.fixture
    def tokenizer(self) -> CharTokenizer:
        return fitted(ALPHABET)


@given(st.lists(TEXT, min_size=1).filter(any))
def test_chars_are_numbered_as_nanogpt_numbers_them(texts: list[str]) -> None:
    tokenizer = fitted(*texts)
    chars = sorted(set("".join(texts)))
    stoi = {character: number for number, character in enumerate(chars)}
    assert tokenizer.vocab_size == len(chars)
    assert tokenizer.state() == "".join(chars)
    encoded = tokenizer.encode_batch([text.encode() for text in texts])
    assert encoded.ids.tolist() == [stoi[character] for character in "".join(texts)]
    assert encoded.lengths.tolist() == [len(text) for text in texts]
    assert tokenizer.encode(texts[0]).tolist() == [stoi[character] for character in texts[0]]
    assert CharTokenizer(state=json.loads(json.dumps(tokenizer.state()))).fingerprint == tokenizer.fingerprint


def test_chars_of_a_text_larger_than_a_piece() -> None:
    text = "aé日🙂" * 150_000  # 1.5 MB, and no piece ends between two characters by itself
    tokenizer = fitted("x" + text)
    encoded = tokenizer.encode_batch([b"", text.encode(), b"x"])
    assert encoded.lengths.tolist() == [0, 600_000, 1]
    assert (encoded.ids[:-1].reshape(-1, 4) == [0, 2, 3, 4]).all()


def test_tinyshakespeare_has_65_characters(tinyshakespeare: str) -> None:
    tokenizer = fitted(tinyshakespeare)
    cut = int(0.9 * len(tinyshakespeare))
    assert tokenizer.vocab_size == 65
    assert tokenizer.eot_id is None
    assert [len(tokenizer.encode(part)) for part in (tinyshakespeare[:cut], tinyshakespeare[cut:])] == [
        1_003_854,
        111_540,
    ]


def test_an_unknown_character_is_named() -> None:
    with pytest.raises(TokenizerError, match=r"character '€' \(U\+20AC\) is not among the 3 characters"):
        fitted("abc").encode("ab€c")


def test_chars_that_are_not_fitted_say_so() -> None:
    tokenizer = CharTokenizer()
    assert tokenizer.needs_fitting
    with pytest.raises(TokenizerError, match="has no vocabulary yet"):
        tokenizer.encode("a")
    with pytest.raises(TokenizerError, match="has no characters"):
        tokenizer.fit([b""])


@pytest.mark.parametrize("state", ["", "ba", "aab", ["a", "b"], 7])
def test_a_damaged_state_is_refused(state: object) -> None:
    with pytest.raises(TokenizerError, match="must be the characters in order, each once"):
        CharTokenizer(state=state)


@pytest.mark.parametrize("tokenizer", [ByteTokenizer(), fitted("abc")])
def test_wrong_ids_are_named(tokenizer: ByteTokenizer | CharTokenizer) -> None:
    with pytest.raises(TokenizerError, match=r"id 999 is not in \[0, "):
        tokenizer.decode_bytes(np.array([0, 999]))
    with pytest.raises(TokenizerError, match="lone surrogate at character 1"):
        tokenizer.encode("a\ud800")


@pytest.mark.parametrize("kind", [ByteTokenizer, CharTokenizer])
def test_an_argument_is_refused(kind: type[ByteTokenizer] | type[CharTokenizer]) -> None:
    with pytest.raises(TokenizerError, match="takes no argument, found 'x'"):
        kind(name="it", argument="x")
