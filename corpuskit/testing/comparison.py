"""Comparing long arrays of numbers: an assertion that fails fast and says where.

pytest's own comparison of two long lists that differ looks for the best alignment, and takes minutes.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_equal_numbers(found: Any, expected: Any) -> None:
    """Assert that two sequences of numbers are equal; the message names the first difference."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{found.shape} numbers, expected {expected.shape}"
    different = np.flatnonzero(found != expected)
    if len(different):
        at = int(different[0])
        raise AssertionError(
            f"{len(different):,} of {len(found):,} differ, the first is number {at:,}: "
            f"{found[at]}, expected {expected[at]}"
        )


__all__ = ["assert_equal_numbers"]
