from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.corpus.field_labels import MAX_LABELS, field_labels
from corpuskit.errors import ConfigError

pa = pytest.importorskip("pyarrow")

VALUES = {
    pa.string(): st.sampled_from(["de", "en", "", "null", "ü"]),
    pa.int64(): st.integers(-3, 12),
    pa.float64(): st.sampled_from([0.5, -1.0, math.inf, math.nan]),
    pa.bool_(): st.booleans(),
}


@given(data=st.data())
def test_each_row_has_the_number_of_its_value(data):
    kind = data.draw(st.sampled_from([*VALUES]))
    chunks = data.draw(st.lists(st.lists(st.none() | VALUES[kind], max_size=8), min_size=1, max_size=4))
    names, codes = field_labels(pa.chunked_array([pa.array(one, kind) for one in chunks]), "field 'x'")
    assert codes.dtype == np.int32
    rows = [value for chunk in chunks for value in chunk]
    for value, code in zip(rows, codes.tolist(), strict=True):
        expected = value if isinstance(value, str) else json.dumps(value)
        assert (code == -1) if value is None else names[code] == expected
    assert len(names) == len(set(names)) == len({str(value) for value in rows if value is not None})


def test_names_are_in_the_order_of_the_values():
    column = pa.chunked_array([pa.array([10, 9, None, 10, -1])])
    names, codes = field_labels(column, "field 'x'")
    assert (names, codes.tolist()) == (("-1", "9", "10"), [2, 1, -1, 2, 0])


def test_a_field_of_too_many_values_is_refused():
    column = pa.chunked_array([pa.array(range(MAX_LABELS))])
    assert len(field_labels(column, "field 'id'")[0]) == MAX_LABELS
    with pytest.raises(ConfigError, match=r"field 'id' has more than 4,096 different values, such as"):
        field_labels(pa.chunked_array([pa.array(range(MAX_LABELS + 1))]), "field 'id'")
