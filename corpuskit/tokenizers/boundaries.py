r"""Places where a text may be cut without changing the ids that tiktoken's patterns give it.

A pattern splits the text into pieces, and byte pairs are merged inside a piece only. A place is safe if no
alternative of the pattern can match across it (then a piece always ends there), and if every piece before
it is the same whether the text goes on or not. No pattern looks behind, so what follows it is split the
same from there. The patterns look ahead in `\s+(?!\S)` and `\s+$` only, which concerns a run of white
space that reaches the place. Three kinds of places are safe for all three patterns below:

1. Between a character that is not white space and a space. The only alternatives that match a space after
   something are runs of white space. What may follow a run of other characters inside a piece is line ends
   and, in o200k, slashes and contractions, never a space. No white space reaches the place.
2. After a single line feed that follows a character that is not white space, before one that is neither
   white space nor a slash. The line feed belongs to the piece before it where that is punctuation (cl100k,
   o200k), whatever comes next, or else is a piece of its own: `\s+$` if the text ends there, and `\s` or
   `\s*[\r\n]` if it goes on. No alternative matches anything after a line feed but line ends, white space
   and o200k's slashes.
3. Between a CJK ideograph of U+5000 to U+9FFF, a letter, and an ideographic comma, a full-width comma or an
   ideographic full stop. Letters are followed by letters, marks and contractions only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: tiktoken's patterns that the above has been shown for: r50k (gpt2, p50k), cl100k and o200k.
SAFE_PATTERNS = frozenset(
    {
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    }
)


def _table(members: bytes) -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(members)] = True
    return table


_VISIBLE_ASCII = bytes(range(0x21, 0x7F))
# The last byte of a character that is not white space: ASCII's visible characters, and the continuation
# bytes that end none of Unicode's white space (U+0085, A0, 1680, 2000-200A, 2028, 2029, 202F, 205F, 3000).
_IS_VISIBLE = _table(_VISIBLE_ASCII + bytes({*range(0x8B, 0xC0)} - {0x9F, 0xA0, 0xA8, 0xA9, 0xAF}))
# The first byte of one, a slash left out: ASCII, and lead bytes that begin none of the above.
_IS_VISIBLE_LEAD = _table(
    _VISIBLE_ASCII.replace(b"/", b"") + bytes({*range(0xC3, 0xF5)} - {0xE1, 0xE2, 0xE3})
)
_IS_IDEOGRAPH_LEAD = _table(bytes(range(0xE5, 0xEA)))
_CJK_MARKS = ("\u3001".encode(), "\u3002".encode(), "\uff0c".encode())

_FIRST_WINDOW_BYTES, _LAST_WINDOW_BYTES = 1 << 12, 1 << 20


def may_be_joined(text: bytes, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether parts of a text keep their ids, and leave others theirs, behind a line feed and before a space.

    The line feed is one after a visible character: the places are safe for the first two reasons above.

    Args:
        text: The text in UTF-8.
        starts: int64[D], where each part starts, which is before the text's end.
        stops: int64[D], where each part ends.

    Returns:
        bool[D], False for some parts that would keep theirs.
    """
    units = np.frombuffer(text, np.uint8)
    joins: NDArray[np.bool_] = _IS_VISIBLE_LEAD[units[starts]] & _IS_VISIBLE[units[stops - 1]]
    return joins & (starts < stops)


def last_safe_place(text: bytes, at: int, *, start: int = 0) -> int:
    """The last safe place in (start, at], or `start` if there is none there.

    Searches windows that grow backwards from `at`: some 20 microseconds in text with words, and time
    proportional to `at - start`, at about 1 GB/s, in text without a single safe place.
    """
    high, window_bytes = min(at, len(text)), _FIRST_WINDOW_BYTES
    while high > start:
        low = max(start, high - window_bytes)
        found = _last_in_window(text, low, high)
        if found > low:
            return found
        high, window_bytes = low, min(window_bytes * 8, _LAST_WINDOW_BYTES)
    return start


def _last_in_window(text: bytes, low: int, high: int) -> int:
    """The last safe place in (low, high], or `low`."""
    units = np.frombuffer(text, np.uint8)
    spaces = _places(units, b" ", low + 1, high)
    spaces = spaces[_IS_VISIBLE[units[spaces - 1]]]
    line_feeds = _places(units, b"\n", max(low, 1), min(high - 1, len(text) - 2))
    line_feeds = line_feeds[_IS_VISIBLE[units[line_feeds - 1]] & _IS_VISIBLE_LEAD[units[line_feeds + 1]]]
    found: list[int] = [low, *spaces[-1:].tolist(), *(line_feeds[-1:] + 1).tolist()]
    if not text[low:high].isascii():
        for mark in _CJK_MARKS:
            marks = _places(units, mark, max(low + 1, 3), min(high, len(text) - len(mark)))
            marks = marks[_IS_IDEOGRAPH_LEAD[units[marks - 3]]]
            found += marks[-1:].tolist()
    return max(found)


def _places(units: NDArray[np.uint8], wanted: bytes, first: int, last: int) -> NDArray[np.intp]:
    """Where in first .. last some bytes begin; at `last` there must be room for them."""
    places = np.flatnonzero(units[first : max(last + 1, 0)] == wanted[0]) + first
    for offset in range(1, len(wanted)):
        places = places[units[places + offset] == wanted[offset]]
    return places


def pieces(text: bytes, *, target_bytes: int) -> list[bytes]:
    """A text cut at safe places into pieces of about `target_bytes`, larger only where there are none."""
    result: list[bytes] = []
    start = 0
    while len(text) - start > target_bytes:
        reach = target_bytes
        while (stop := last_safe_place(text, start + reach, start=start)) == start:
            if start + reach >= len(text):
                return [*result, text[start:]]
            reach *= 2
        result.append(text[start:stop])
        start = stop
    return [*result, text[start:]]
