"""Pickles that are written and never read."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from corpuskit.formats.pickled import dumps

values = st.dictionaries(
    st.text(), st.text() | st.integers(-(2**31), 2**31 - 1) | st.dictionaries(st.integers(0, 9), st.text())
)


@given(values)
def test_a_pickle_says_what_python_reads(value):
    assert pickle.loads(dumps(value)) == value
    assert list(pickle.loads(dumps(value))) == list(value)
