"""The corpora of a mixture as one stream."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from corpuskit.batches.mixed_stream import exact


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, Fraction, str])
def test_a_weight_is_what_was_written_whoever_holds_it(kind):
    assert exact(kind("0.5")) == Fraction(1, 2)
    assert exact(np.float32(0.1)) == Fraction(1, 10)
    assert exact(np.int64(3)) == exact(np.uint8(3)) == 3
