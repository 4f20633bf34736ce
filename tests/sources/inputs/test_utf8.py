"""Whether bytes are UTF-8, beside Python's own decoder."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.sources.inputs import utf8
from corpuskit.sources.inputs.utf8 import is_valid


@given(
    st.one_of(st.binary(max_size=24), st.text(max_size=12).map(str.encode)), st.integers(4, 9), st.booleans()
)
def test_validity_is_what_python_decodes(data, step_bytes, final):
    try:
        codecs.utf_8_decode(data, "strict", final)
        expected = True
    except UnicodeDecodeError:
        expected = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utf8, "_VALIDATE_BYTES", step_bytes)
        assert is_valid(data, final=final) == expected
