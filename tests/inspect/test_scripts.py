from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.inspect.scripts import COMMON, OTHER, SCRIPTS, UNKNOWN, script_of_beginning, script_of_token


def named(token):
    found = script_of_token(token)
    characters = {SCRIPTS[number]: count for number, count in found.characters}
    return found.script if found.script is None else SCRIPTS[found.script], characters


@pytest.mark.parametrize(
    ("token", "script", "characters"),
    [
        (b" the", "Latin", {"Latin": 3, COMMON: 1}),
        (b"12, ", COMMON, {COMMON: 4}),
        (b"", COMMON, {}),
        ("étéж".encode(), "Latin", {"Latin": 3, "Cyrillic": 1}),
        (" Привет".encode(), "Cyrillic", {COMMON: 1, "Cyrillic": 6}),
        ("漢字かな交じり".encode(), "Hiragana", {"Han": 3, "Hiragana": 4}),
        ("🙂".encode(), COMMON, {COMMON: 1}),
        ("𐎀".encode(), OTHER, {OTHER: 1}),  # Ugaritic
        (b"\xd0", "Cyrillic", {"Cyrillic": 1}),
        (b" \xe4\xb8", "Han", {COMMON: 1, "Han": 1}),
        (b"\xed", "Hangul", {"Hangul": 1}),  # the surrogates that begin so are no characters
        (b"\xad", None, {}),
        (b"\xad, ", None, {COMMON: 2}),
        (b"\xadb", "Latin", {"Latin": 1}),
        (b"\xe0", UNKNOWN, {UNKNOWN: 1}),
        (b"\xf0", UNKNOWN, {UNKNOWN: 1}),
        (b"a\xe0", "Latin", {"Latin": 1, UNKNOWN: 1}),
    ],
)
def test_a_token_is_of_the_script_of_most_of_its_characters(token, script, characters):
    assert named(token) == (script, characters)


def test_a_beginning_that_says_nothing_is_handed_on():
    assert script_of_token(b"\xe0").begun == b"\xe0"
    assert script_of_token(b"a\xe0").begun == b""  # the letter says it
    assert SCRIPTS[script_of_beginning(b"\xe0\xa4")] == "Devanagari"
    assert SCRIPTS[script_of_beginning(b"\xe0")] == UNKNOWN


@given(st.text())
def test_every_character_of_a_text_is_counted_once(text):
    found = script_of_token(text.encode())
    assert not found.is_rest
    assigned = [one for one in text if not regex.match(r"\p{Cn}", one)]
    assert sum(count for _, count in found.characters) >= len(assigned)
    assert sum(count for _, count in found.characters) <= len(text)


@given(st.binary(max_size=8))
def test_any_bytes_have_an_answer(token):
    found = script_of_token(token)
    assert found.script is None or 0 <= found.script < len(SCRIPTS)
    assert found.script is not None or found.is_rest


def test_first_bytes_say_what_nine_tenths_of_all_characters_are():
    inside = {}
    for code in range(0x80, 0xD7FF):
        encoded = chr(code).encode()
        for length in range(1, len(encoded)):
            inside.setdefault(encoded[:length], []).append(chr(code))
    for begun, characters in inside.items():
        if (number := script_of_beginning(begun)) and SCRIPTS[number] not in (OTHER, UNKNOWN):
            assigned = [one for one in characters if not regex.match(r"\p{Cn}", one)]
            own = regex.findall(rf"\p{{Script={SCRIPTS[number]}}}", "".join(assigned))
            assert len(own) >= 0.9 * len(assigned)
