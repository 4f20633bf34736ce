"""Texts that are said to be in NFC are left alone by the normalizer of tokenizers."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

from corpuskit_huggingface.normal_form import is_nfc

NFC = normalizers.NFC().normalize_str
ALL = [chr(number) for number in range(0x110000) if not 0xD800 <= number < 0xE000]


@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("a", "\u0301"), ("a\u0323", ""), ("\u1100", "\u1161")]
)
def test_every_character_that_is_said_to_stay_does(before: str, after: str) -> None:
    for character in ALL:
        text = before + character + after
        assert not is_nfc(text.encode()) or NFC(text) == text, ascii(text)


def test_marks_and_letters_in_any_order() -> None:
    marks = [c for c in ALL if unicodedata.combining(c)]
    composed = [c for c in ALL if unicodedata.decomposition(c) and "<" not in unicodedata.decomposition(c)]
    jamo = [*map(chr, range(0x1100, 0x1200)), *map(chr, range(0xAC00, 0xAC40))]
    seconds = [decomposition.split()[-1] for decomposition in map(unicodedata.decomposition, composed)]
    pool = [*marks, *composed[:3000], *jamo, *(chr(int(number, 16)) for number in set(seconds)), *"aeo"]
    chance = random.Random(0)
    num_nfc = 0
    for _ in range(100_000):
        text = unicodedata.normalize("NFC", "".join(chance.choices(pool, k=chance.randint(2, 6))))
        if is_nfc(text.encode()):
            num_nfc += 1
            assert NFC(text) == text, ascii(text)
    assert num_nfc > 90_000


@given(st.text())
def test_text_of_known_characters_is_in_nfc_once_it_is_normalized(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    assert is_nfc(text.encode()) == all(unicodedata.category(character) != "Cn" for character in text)


@pytest.mark.parametrize(
    "text", ["e\u0301", "\u0344", "\u1100\u1161", "\u2000", "a\u0301\u0323", "\U000e1234"]
)
def test_what_may_change_is_not_said_to_stay(text: str) -> None:
    assert not is_nfc(text.encode())
