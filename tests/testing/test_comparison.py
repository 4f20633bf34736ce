"""Assertions about long arrays."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.testing.comparison import assert_equal_numbers


def test_equal_numbers_pass_whatever_holds_them():
    assert_equal_numbers([1, 2, 3], np.array([1, 2, 3], np.uint16))
    assert_equal_numbers([], np.empty(0, np.int64))


def test_the_first_difference_is_named():
    found = np.arange(100_000)
    found[[70_000, 80_000]] = 5
    with pytest.raises(
        AssertionError, match="2 of 100,000 differ, the first is number 70,000: 5, expected 70000"
    ):
        assert_equal_numbers(found, np.arange(100_000))


def test_another_shape_is_a_difference():
    with pytest.raises(AssertionError, match=r"\(2,\) numbers, expected \(3,\)"):
        assert_equal_numbers([1, 2], [1, 2, 3])
