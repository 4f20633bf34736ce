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

import re

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

# The last byte of a character that is not white space: ASCII's visible characters, and the continuation
# bytes that end none of Unicode's white space (U+0085, A0, 1680, 2000-200A, 2028, 2029, 202F, 205F, 3000).
_VISIBLE = rb"[\x21-\x7e\x8b-\x9e\xa1-\xa7\xaa-\xae\xb0-\xbf]"
# The first byte of one, a slash left out: ASCII, and lead bytes that begin none of the above.
_VISIBLE_LEAD = rb"[\x21-\x2e\x30-\x7e\xc3-\xe0\xe4-\xf4]"
_SAFE_PLACE = re.compile(
    rb"(?<=%b)(?= )|(?<=%b\n)(?=%b)|(?<=[\xe5-\xe9][\x80-\xbf]{2})(?=\xe3\x80[\x81\x82]|\xef\xbc\x8c)"
    % (_VISIBLE, _VISIBLE, _VISIBLE_LEAD)
)
#: What a match may look at after the place.
_LOOKAHEAD_BYTES = 3
_FIRST_WINDOW_BYTES = 4096


def last_safe_place(text: bytes, at: int, *, start: int = 0) -> int:
    """The last safe place in (start, at], or `start` if there is none there.

    Searches windows that grow backwards from `at`: a few microseconds in text with words, and time
    proportional to `at - start` in text without a single safe place.
    """
    at = min(at, len(text))
    high, window_bytes = at, _FIRST_WINDOW_BYTES
    while high > start:
        low = max(start, high - window_bytes)
        found = start
        for match in _SAFE_PLACE.finditer(text, low, min(len(text), high + _LOOKAHEAD_BYTES)):
            if start < match.start() <= high:
                found = match.start()
        if found > start:
            return found
        high, window_bytes = low, window_bytes * 8
    return start


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
