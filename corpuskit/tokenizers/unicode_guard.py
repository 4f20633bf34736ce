"""Texts on which gigatoken and tiktoken may disagree, because they know different versions of Unicode.

Both split text by classes of characters (letters, marks, numbers, white space), each with the Unicode tables
that it was built with. A code point that got its class in a version that only one of them knows can be split
differently. `derive` finds those code points by encoding every one of the 1,112,064 with both; what it finds
for the versions below is shipped, and for others it is derived once (some 10 s) and kept in the cache.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: Ranges of code points: the first and the last of each.
CodePoints = tuple[tuple[int, int], ...]
#: Gives a text's ids.
Encode = Callable[[str], NDArray[np.uint32]]

#: The 4,699 code points first assigned in Unicode 17, which gigatoken 0.10 knows and other libraries may not.
UNICODE_17: CodePoints = (
    (0x088F, 0x088F),
    (0x0C5C, 0x0C5C),
    (0x0CDC, 0x0CDC),
    (0x1ACF, 0x1ADD),
    (0x1AE0, 0x1AEB),
    (0xA7CE, 0xA7CF),
    (0xA7D2, 0xA7D2),
    (0xA7D4, 0xA7D4),
    (0xA7F1, 0xA7F1),
    (0x10940, 0x10959),
    (0x10EC5, 0x10EC7),
    (0x10EFA, 0x10EFB),
    (0x11B60, 0x11B67),
    (0x11DB0, 0x11DDB),
    (0x11DE0, 0x11DE9),
    (0x16EA0, 0x16EB8),
    (0x16EBB, 0x16ED3),
    (0x16FF2, 0x16FF6),
    (0x187F8, 0x187FF),
    (0x18D09, 0x18D1E),
    (0x18D80, 0x18DF2),
    (0x1E6C0, 0x1E6DE),
    (0x1E6E0, 0x1E6F5),
    (0x1E6FE, 0x1E6FF),
    (0x2B73A, 0x2B73F),
    (0x2CEA2, 0x2CEAD),
    (0x323B0, 0x33479),
)

#: By the versions of tiktoken and gigatoken: the code points on which they disagree. A test derives them
#: again from the installed versions.
DISAGREEING: dict[tuple[str, str], CodePoints] = {("0.14.0", "0.10.0"): UNICODE_17}

_NUM_CODE_POINTS = 0x110000
_SURROGATES = range(0xD800, 0xE000)
_BLOCK = 2048
#: Among fewer texts, which are longer, those in ASCII are left out before the others are joined.
_MANY_TEXTS = 512


class UnicodeGuard:
    """Tells whether a text holds one of some code points.

    Texts in which no character is as long in UTF-8 as the shortest of the code points pass at memory speed,
    ASCII above all. Of other texts the first two bytes of each long character are looked up, some 500 MB/s
    where all are long; only a text in which two such bytes are found is decoded.

    Args:
        ranges: The code points.
    """

    def __init__(self, ranges: CodePoints) -> None:
        self.num_code_points = sum(last - first + 1 for first, last in ranges)
        self._is_suspect = np.zeros(_NUM_CODE_POINTS, np.bool_)
        self._is_prefix = np.zeros(1 << 16, np.bool_)  # by the first byte * 256 + the second
        prefixes: set[bytes] = set()
        for first, last in ranges:
            self._is_suspect[first : last + 1] = True
            prefixes.update(chr(code_point).encode()[:2] for code_point in range(first, last + 1))
        self._is_prefix[[int.from_bytes(prefix, "big") for prefix in prefixes if len(prefix) == 2]] = True
        self._has_ascii_suspects = bool(self._is_suspect[:0x80].any())
        self._smallest_lead = min((prefix[0] for prefix in prefixes), default=0xFF)

    def suspects(self, texts: Sequence[bytes]) -> list[int]:
        """The numbers of the texts that hold one of the code points, ascending."""
        numbers: Sequence[int] = range(len(texts))
        if len(texts) < _MANY_TEXTS and not self._has_ascii_suspects:
            numbers = [number for number in numbers if not texts[number].isascii()]
        # One look at all of them is enough in the usual case, and saves the overhead for short texts.
        if not self._may_hold(b"".join([texts[number] for number in numbers])):
            return []
        return [number for number in numbers if self._holds(texts[number])]

    def _may_hold(self, text: bytes) -> bool:
        if self._has_ascii_suspects or text.isascii():
            return self._has_ascii_suspects
        units = np.frombuffer(text, np.uint8)
        # No byte that continues a character is as large as one that begins a character of several.
        leads = np.flatnonzero(units >= self._smallest_lead)
        return bool(self._is_prefix[units[leads] * np.uint16(256) + units[leads + 1]].any())

    def _holds(self, text: bytes) -> bool:
        if not self._may_hold(text):
            return False
        return bool(self._is_suspect[np.frombuffer(text.decode().encode("utf-32-le"), "<u4")].any())


def guard_for(
    tiktoken_version: str, gigatoken_version: str, encoders: Callable[[], Sequence[tuple[Encode, Encode]]]
) -> UnicodeGuard:
    """The guard for two versions, derived from them where it is not known yet.

    Args:
        tiktoken_version: The installed tiktoken's.
        gigatoken_version: The installed gigatoken's.
        encoders: Gives what `derive` needs; called only if it has to derive.
    """
    known = DISAGREEING.get((tiktoken_version, gigatoken_version))
    if known is None:
        known = _derived_once(f"tiktoken-{tiktoken_version}-gigatoken-{gigatoken_version}", encoders)
    return _guard(known)


def derive(encoders: Sequence[tuple[Encode, Encode]]) -> CodePoints:
    """Every code point that two encoders of one encoding give different ids, in contexts that show its class.

    Args:
        encoders: Pairs of encoders that should agree. cl100k_base and o200k_base together tell letters,
            marks, numbers, white space and the rest apart.
    """
    found: set[int] = set()
    for one, other in encoders:
        for start in range(0, _NUM_CODE_POINTS, _BLOCK):
            block = [number for number in range(start, start + _BLOCK) if number not in _SURROGATES]
            found.update(_disagreeing(one, other, block))
    return tuple(_ranges(sorted(found)))


def _probe(code_point: int) -> str:
    """A line whose pieces depend on the code point's class.

    A letter leaves the contraction whole or takes it, punctuation takes its apostrophe, and a number shares a
    group of three digits.
    """
    character = chr(code_point)
    return f"{character}'s 1{character}23"


def _disagreeing(one: Encode, other: Encode, block: Sequence[int]) -> Iterator[int]:
    """The code points of a block whose probes differ, found by halving."""
    text = "\n".join(map(_probe, block))
    if not block or np.array_equal(one(text), other(text)):
        return
    if len(block) == 1:
        yield block[0]
        return
    middle = len(block) // 2
    yield from _disagreeing(one, other, block[:middle])
    yield from _disagreeing(one, other, block[middle:])


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for stop in range(1, len(numbers) + 1):
        if stop == len(numbers) or numbers[stop] != numbers[stop - 1] + 1:
            yield numbers[start], numbers[stop - 1]
            start = stop


@cache
def _guard(ranges: CodePoints) -> UnicodeGuard:
    return UnicodeGuard(ranges)


def _derived_once(versions: str, encoders: Callable[[], Sequence[tuple[Encode, Encode]]]) -> CodePoints:
    """What `derive` finds, from the cache if it has been asked before on this machine."""
    from corpuskit import storage
    from corpuskit.cache import default_cache_dir, make_folder
    from corpuskit.errors import StorageError

    path = default_cache_dir() / "tables" / f"unicode-guard-1-{versions}.json"
    try:
        saved = json.loads(path.read_bytes())
        return tuple((int(first), int(last)) for first, last in saved)
    except (OSError, ValueError, TypeError):
        log.info("looking for code points on which %s disagree; done once, about 10 s", versions)
    ranges = derive(encoders())
    try:
        make_folder(default_cache_dir(), "tables")
        storage.write_json(path, ranges)
    except StorageError as error:
        log.info("they will be looked for again next time: %s", error)
    return ranges
