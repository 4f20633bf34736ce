import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit import sealed

OBJECTS = st.dictionaries(
    st.text(), st.none() | st.integers() | st.text() | st.lists(st.booleans()), min_size=1
)


@given(OBJECTS.filter(lambda value: "sha256" not in value), st.booleans())
def test_what_is_sealed_is_json_and_whole(value, indented):
    data = sealed.to_bytes(value, indented=indented)
    found = json.loads(data)
    digest = found.pop("sha256")
    assert found == value
    assert hashlib.sha256(data[: data.rindex(digest.encode())]).hexdigest() == digest
    assert sealed.is_whole(data)


@given(OBJECTS, st.data())
def test_any_other_bytes_are_not(value, data):
    good = sealed.to_bytes({"a": 0, **value})
    at = data.draw(st.integers(0, len(good)))
    bad = good[:at] + data.draw(st.binary(max_size=2)) + good[at + data.draw(st.integers(0, 2)) :]
    assert sealed.is_whole(bad) == (bad == good)


@pytest.mark.parametrize("size", range(90))
def test_too_few_bytes_are_not(size):
    assert not sealed.is_whole(sealed.to_bytes({"a": 0})[-size:] if size else b"")
