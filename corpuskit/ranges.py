"""Runs of consecutive numbers, without a Python loop over the runs."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints


def ranges(firsts: Ints, lengths: Ints) -> Ints:
    """Each range's numbers, one range after another.

    Example:
        >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
        [5, 6, 0, 1, 2]
    """
    numbers: Ints = np.repeat(firsts - (np.cumsum(lengths) - lengths), lengths)
    numbers += counting(len(numbers))
    return numbers


def counting(count: int, dtype: Any = np.int64) -> NDArray[Any]:
    """0 .. count - 1, read-only; some are kept, because np.arange takes 17 us for 2^16 of them."""
    if count > 2**20:
        return np.arange(count, dtype=dtype)
    return _powers(max(count - 1, 0).bit_length(), np.dtype(dtype))[:count]


@functools.lru_cache(maxsize=8)
def _powers(bits: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    numbers = np.arange(2**bits, dtype=dtype)
    numbers.flags.writeable = False
    return numbers
