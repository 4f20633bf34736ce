"""A keyed permutation of 0 .. n - 1 that is computed, not stored: any element at once, in O(1) memory.

A Feistel network on the smallest even number of bits that hold n - 1 is a permutation of all numbers of that
width, whatever its round function. Numbers that leave [0, n) go through it again until they come back, which
makes it a permutation of [0, n) (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
The width is less than two bits too wide, so that takes fewer than four passes on average.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpuskit.samplers.counter import hash_words

U64 = NDArray[np.uint64]

# Rounds of a multiply and two xor-shifts. Four random rounds make a strong pseudorandom permutation (Luby and
# Rackoff); the halves of a small n have few bits, so there are eight.
_ROUNDS = 8
_MIX = np.uint64(0x9FB21C651E98DF25)  # odd, from rrmxmx (P. Evensen)


class Permutation:
    """A permutation of 0 .. n - 1.

    Args:
        size: n, from 1 to 2**62.
        key: What chooses the permutation; any integers and strings.
    """

    def __init__(self, size: int, *key: int | str) -> None:
        bits = max(2, (size - 1).bit_length())
        self._size = np.uint64(size)
        self._half = np.uint64((bits + 1) // 2)
        self._mask = np.uint64(2 ** int(self._half) - 1)
        self._keys = [np.uint64(word) for word in hash_words("feistel", *key, words=_ROUNDS)]

    def __call__(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n]: where each of some positions in [0, size) goes."""
        values = self._pass(positions.astype(np.uint64))
        outside = np.flatnonzero(values >= self._size)
        while len(outside):
            again = self._pass(values[outside])
            values[outside] = again
            outside = outside[again >= self._size]
        return values.astype(np.int64)

    def _pass(self, values: U64) -> U64:
        left, right = values >> self._half, values & self._mask
        for key in self._keys:
            left, right = right, left ^ (_mix(right ^ key) & self._mask)
        result: U64 = (left << self._half) | right
        return result


def _mix(values: U64) -> U64:
    """A hash of 64 bits whose low bits depend on all of them."""
    values = values * _MIX
    values ^= values >> np.uint64(32)
    values *= _MIX
    values ^= values >> np.uint64(29)
    return values
