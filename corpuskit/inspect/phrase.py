"""A phrase in a stream of ids, however it was encoded: exactly, and for many places at once.

A token *fits* at s, s being where its first byte is in the phrase (before its beginning if negative), if none
of its bytes is another one than the phrase's. A phrase is where tokens that fit follow each other over all of
its bytes. Every occurrence has exactly one token that covers a given byte: one byte's few tokens are looked
for, and from each the phrase is followed to both sides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.ranges import ranges

#: At so many bytes of a phrase it is asked how rare the tokens are that cover them.
_COMPARED_BYTES = 128
#: So few ids are compared one by one, which is faster than a table.
_FEW_IDS = 3
#: Ids are looked up so many at a time: their places stay in the processor's cache.
_LOOKUP_IDS = 2**16


class Phrase:
    """A phrase, and the tokens that fit into it.

    Args:
        phrase: Its bytes, one or more.
        token_bytes: What each id stands for, V byte strings.
        eot_id: The id that ends a document, which is in no phrase; None if there is none.

    Attributes:
        num_bytes: n, the phrase's bytes.
    """

    def __init__(self, phrase: bytes, token_bytes: Sequence[bytes], *, eot_id: int | None) -> None:
        self.num_bytes = len(phrase)
        self._vocab_size = len(token_bytes)
        # The last stands for ids that there should not be, which fit nowhere.
        self._lengths: Ints = np.fromiter([*map(len, token_bytes), 1], np.int64, len(token_bytes) + 1)
        self._longest = int(self._lengths.max(initial=1))
        places, ids = _fitting(phrase, token_bytes)
        if eot_id is not None:
            places, ids = places[ids != eot_id], ids[ids != eot_id]
            self._lengths[eot_id] = 1  # it fits nowhere, and is not passed over
        self._keys = np.sort(self._key(places, ids))
        order = np.argsort(ids, kind="stable")
        self._places, self._ids = places[order], ids[order]
        self._covered = self._at(0)

    def choose(self, counts: Ints) -> None:
        """Look for the byte whose tokens are the rarest.

        Args:
            counts: int64[V], how often each id was found in a sample.
        """
        step = -(-self.num_bytes // _COMPARED_BYTES)
        candidates = [self._at(byte) for byte in range(0, self.num_bytes, step)]
        # A table costs the same whatever is in it, and each place that it finds costs more.
        self._covered = min(candidates, key=lambda at: (int(counts[np.unique(at[1])].sum()), len(at[1])))

    @property
    def is_possible(self) -> bool:
        """Whether there are tokens that the phrase can be made of."""
        return len(self._covered[1]) > 0

    def finder(self, dtype: np.dtype[Any]) -> _Finder:
        """What finds the ids of the chosen byte in arrays of a type."""
        return _Finder(np.unique(self._covered[1]), self._vocab_size, dtype)

    def occurrences(self, ids: NDArray[Any], places: Ints) -> tuple[Ints, Ints, Ints]:
        """The phrase at some places of an array of ids.

        Args:
            ids: uint16[n] or uint32[n].
            places: int64[m], ascending: where an id of the chosen byte is.

        Returns:
            Where each occurrence's first token is and where its last one ends, int64[k] each; and int64[j],
            at which of the places the array ended before it was known.
        """
        starts, known = self._covered
        here = ids[places].astype(np.int64)
        low, high = np.searchsorted(known, here, "left"), np.searchsorted(known, here, "right")
        counts = high - low
        at = np.repeat(places, counts)
        begin = starts[ranges(low, counts)]
        end = begin + self._lengths[ids[at]]
        first, first_known, first_open = self._follow(ids, at, begin, -1)
        last, last_known, last_open = self._follow(ids, at, end, 1)
        found = first_known & last_known
        is_open = (first_known | first_open) & (last_known | last_open) & ~found
        return first[found], last[found] + 1, np.unique(at[is_open])

    def _follow(
        self, ids: NDArray[Any], at: Ints, reached: Ints, step: int
    ) -> tuple[Ints, NDArray[np.bool_], NDArray[np.bool_]]:
        """Follow the phrase to a side: the last tokens, whether it is all there, whether the array ended."""
        last, reached = at.copy(), reached.copy()
        target = 0 if step < 0 else self.num_bytes
        is_over = reached <= target if step < 0 else reached >= target
        is_open = np.zeros(len(at), np.bool_)
        going = np.flatnonzero(~is_over)
        position = at.copy()
        while len(going):
            position[going] += step
            inside = (position[going] >= 0) & (position[going] < len(ids))
            is_open[going[~inside]] = True
            going = going[inside]
            token = np.minimum(ids[position[going]], self._vocab_size).astype(np.int64)
            length = self._lengths[token]
            begin = reached[going] - length if step < 0 else reached[going]
            fits = (length == 0) | self._fits(begin, token)
            going, begin, length = going[fits], begin[fits], length[fits]
            reached[going] = begin if step < 0 else begin + length
            moved = length > 0
            last[going[moved]] = position[going[moved]]
            done = reached[going] <= target if step < 0 else reached[going] >= target
            is_over[going[done]] = True
            going = going[~done]
        return last, is_over, is_open

    def _fits(self, begin: Ints, token: Ints) -> NDArray[np.bool_]:
        """Whether each token fits at each place."""
        keys = self._key(begin, token)
        at = np.searchsorted(self._keys, keys)
        found = np.zeros(len(keys), np.bool_)
        inside = at < len(self._keys)
        found[inside] = self._keys[at[inside]] == keys[inside]
        return found

    def _key(self, places: Ints, ids: Ints) -> Ints:
        return (places + self._longest) * (self._vocab_size + 1) + ids

    def _at(self, byte: int) -> tuple[Ints, Ints]:
        """The tokens that cover a byte: where each begins, and its id; ascending by id."""
        covers = (self._places <= byte) & (byte < self._places + self._lengths[self._ids])
        return self._places[covers], self._ids[covers]


class _Finder:
    """Finds some ids in arrays.

    Args:
        wanted: int64[k], the ids.
        vocab_size: V, how many ids there are.
        dtype: What the arrays hold.
    """

    def __init__(self, wanted: Ints, vocab_size: int, dtype: np.dtype[Any]) -> None:
        self._few = wanted.astype(dtype) if len(wanted) <= _FEW_IDS else None
        self._table = np.zeros(vocab_size + 1, np.bool_)  # the last stands for ids that there should not be
        self._table[wanted] = True
        self._places = np.empty(_LOOKUP_IDS, np.intp)
        self._found = np.empty(_LOOKUP_IDS, np.bool_)
        self._more = np.empty(_LOOKUP_IDS, np.bool_)

    def __call__(self, ids: NDArray[Any]) -> Ints:
        """int64[m], ascending: where they are in an array."""
        found = [np.empty(0, np.int64)]
        for start in range(0, len(ids), _LOOKUP_IDS):
            piece = ids[start : start + _LOOKUP_IDS]
            is_wanted = self._found[: len(piece)]
            if self._few is not None:
                more = self._more[: len(piece)]
                is_wanted[:] = False
                for number in self._few:
                    np.logical_or(is_wanted, np.equal(piece, number, out=more), out=is_wanted)
            else:
                places = self._places[: len(piece)]
                np.copyto(places, piece)
                self._table.take(places, out=is_wanted, mode="clip")
            if len(here := np.flatnonzero(is_wanted)):
                found.append(here + start)
        return np.concatenate(found)


def _fitting(phrase: bytes, token_bytes: Sequence[bytes]) -> tuple[Ints, Ints]:
    """Where tokens fit, and the ids of those that do, int64[m] each."""
    places: list[int] = []
    ids: list[int] = []
    by_text: dict[bytes, list[int]] = defaultdict(list)
    n = len(phrase)
    where: dict[int, list[int]] = defaultdict(list)
    for at, byte in enumerate(phrase):
        where[byte].append(at)
    for number, text in enumerate(token_bytes):
        if not text:
            continue
        by_text[text].append(number)
        size = len(text)
        found = [-at for at in _all_in(phrase, text)] if size > n else []  # it holds the phrase and more
        for last in where.get(text[-1], ()):  # its end is the phrase's beginning
            if last + 1 < size and text.endswith(phrase[: last + 1]):
                found.append(last + 1 - size)
        for first in where.get(text[0], ()):  # its beginning is the phrase's end
            if n - first < size and text.startswith(phrase[first:]):
                found.append(first)
        if found:
            unique = set(found)
            places += unique
            ids += [number] * len(unique)
    sizes = sorted({len(text) for text in by_text if len(text) <= n})
    for at in range(n):
        for size in sizes:
            if at + size > n:
                break
            for number in by_text.get(phrase[at : at + size], ()):
                places.append(at)
                ids.append(number)
    return np.array(places, np.int64), np.array(ids, np.int64)


def _all_in(phrase: bytes, text: bytes) -> list[int]:
    """Every place of a text where the phrase begins."""
    found = []
    at = text.find(phrase)
    while at >= 0:
        found.append(at)
        at = text.find(phrase, at + 1)
    return found


__all__ = ["Phrase"]
