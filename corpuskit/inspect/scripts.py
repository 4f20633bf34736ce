"""Which script of Unicode tokens are of, also those that hold only some bytes of a character."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import regex

#: The scripts in everyday use, as Unicode recommends them for names (UAX #31, table 5), and the larger ones
#: of limited use (table 7).
_NAMES = (
    "Latin Han Cyrillic Arabic Devanagari Hangul Hiragana Katakana Greek Hebrew Armenian Bengali Bopomofo "
    "Ethiopic Georgian Gujarati Gurmukhi Kannada Khmer Lao Malayalam Myanmar Oriya Sinhala Tamil Telugu "
    "Thaana Thai Tibetan Canadian_Aboriginal Cherokee Mongolian Nko Syriac Tifinagh Yi"
)
_NAMED = tuple(_NAMES.split())
#: What scripts share, those that are not named, and what cannot be told.
COMMON, OTHER, UNKNOWN = "Common", "Other", "Unknown"
SCRIPTS = (COMMON, *_NAMED, OTHER, UNKNOWN)
_COMMON, _OTHER, _UNKNOWN = 0, len(SCRIPTS) - 2, len(SCRIPTS) - 1

_CLASSES = regex.compile(
    r"([\p{Script=Common}\p{Script=Inherited}]+)|"
    + "|".join(rf"(\p{{Script={name}}}+)" for name in _NAMED)
    + r"|([^\p{Cn}\p{Cs}])"
)
_CONTINUATIONS = bytes(range(0x80, 0xC0))
#: A character whose last bytes are cut off.
_BEGUN = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_NOT_ASCII_LETTERS = bytes(byte for byte in range(256) if not chr(byte).isalpha() or byte > 127)
#: So large a part of the characters that begin with some bytes must be of a script for these to say it.
_MOST = 0.9
#: The first character that has so many bytes.
_LEAST = {2: 0x80, 3: 0x800, 4: 0x10000}


class TokenScript(NamedTuple):
    """What a token is of.

    Attributes:
        script: The number of its script in `SCRIPTS`; None for the rest of a character and nothing else.
        characters: How many characters of each script begin in it: pairs of a number and a count.
        is_rest: Whether it begins with the rest of a character.
        begun: The first bytes of a character at its end that do not say their script, while nothing else in
            the token does; else empty.
    """

    script: int | None
    characters: Iterable[tuple[int, int]]
    is_rest: bool = False
    begun: bytes = b""


def script_of_token(token: bytes) -> TokenScript:
    """The script that most characters of a token have, those that are Common left out.

    Args:
        token: The bytes that it stands for.
    """
    if token.isascii():
        letters = len(token.translate(None, _NOT_ASCII_LETTERS))
        counts = (
            (number, count) for number, count in ((_COMMON, len(token) - letters), (1, letters)) if count
        )
        return TokenScript(1 if letters else _COMMON, counts)
    begun = _BEGUN.search(token)
    whole = token if begun is None else token[: begun.start()]
    text = whole.lstrip(_CONTINUATIONS)
    is_rest = len(text) < len(whole)
    found: dict[int, int] = {}
    for character in text.decode("utf-8", "ignore"):
        number = _script_of(character)
        found[number] = found.get(number, 0) + 1
    if begun is not None:
        number = script_of_beginning(begun[0])
        found[number] = found.get(number, 0) + 1
    own = sorted((-count, number) for number, count in found.items() if number not in (_COMMON, _UNKNOWN))
    if own:
        return TokenScript(own[0][1], found.items(), is_rest)
    if begun is not None and _UNKNOWN in found:
        return TokenScript(_UNKNOWN, found.items(), is_rest, begun[0])
    return TokenScript(None if is_rest else _COMMON, found.items(), is_rest)


@cache
def _script_of(character: str) -> int:
    """The number of a character's script."""
    return next(iter(_counts(character)), _OTHER)


@cache
def script_of_beginning(begun: bytes) -> int:
    """The number of the script that nine tenths of the characters share whose UTF-8 begins so, or Unknown."""
    width = 2 if begun[0] < 0xE0 else 3 if begun[0] < 0xF0 else 4
    missing = width - len(begun)
    if missing > 2:  # one of 65,536 to 262,144 characters
        return _UNKNOWN
    first = begun[0] & (0x7F >> width)
    for byte in begun[1:]:
        first = first << 6 | byte & 0x3F
    first <<= 6 * missing
    numbers = range(max(first, _LEAST[width]), min(first + (1 << 6 * missing), 0x110000))
    found = _counts("".join(map(chr, numbers)))
    script, count = found.most_common(1)[0] if found else (_UNKNOWN, 0)
    return script if count >= _MOST * sum(found.values()) else _UNKNOWN


def _counts(text: str) -> Counter[int]:
    """How many characters are of each script; those that Unicode has not assigned are left out."""
    counts: Counter[int] = Counter()
    for found in _CLASSES.finditer(text):
        counts[(found.lastindex or 1) - 1] += len(found[0])
    return counts


__all__ = ["COMMON", "OTHER", "SCRIPTS", "UNKNOWN", "TokenScript", "script_of_beginning", "script_of_token"]
