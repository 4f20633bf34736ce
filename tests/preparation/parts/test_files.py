"""Work files as values."""

from __future__ import annotations

import dataclasses

import pydantic
import pytest

from corpuskit.preparation.parts.files import one_line, reader_of


@dataclasses.dataclass(frozen=True)
class Pair:
    name: str
    number: int


def test_a_dataclass_comes_back_from_its_json():
    assert reader_of(Pair).validate_json(b'{"name": "a", "number": 3}') == Pair("a", 3)
    assert reader_of(Pair) is reader_of(Pair)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"name": "a"}', b'{"name": "a", "number": "x"}'])
def test_what_does_not_fit_is_told_in_one_line(data):
    with pytest.raises(pydantic.ValidationError) as caught:
        reader_of(Pair).validate_json(data)
    assert "\n" in str(caught.value)
    assert "\n" not in one_line(caught.value)
