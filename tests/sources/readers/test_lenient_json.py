"""JSON that a fast parser refuses, beside the standard library's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.sources.readers import lenient_json as lenient

VALUES = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_what_has_no_numbers_is_what_the_standard_library_reads(value, indent, ensure_ascii):
    text = json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)
    assert lenient.loads(text.encode("utf-8", "surrogatepass"), errors="surrogatepass") == value


@pytest.mark.parametrize("depth", [1, 199, 200, 201, 1023, 1024, 200_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"]": ', "}"), ('["}\\"", [], ', "]")])
def test_nesting_may_be_of_any_depth(depth, begin, end):
    text = f'{{"a": "[[{{", "deep": {begin * depth}1{end * depth}, "b": "\\"]"}}'
    value = lenient.loads(text.encode())
    assert (value["a"], value["b"]) == ("[[{", '"]')


@pytest.mark.parametrize("depth", [1, 200, 201, 100_000])
@pytest.mark.parametrize("text", ["{}", '{{"a": {}', '{{"a": {}}}'])
def test_brackets_that_are_never_closed_are_damage(depth, text):
    with pytest.raises(lenient.DamagedJson):
        lenient.loads(text.format("[" * depth).encode())


@pytest.mark.parametrize("depth", [0, 10, 5000])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_damage_is_named_with_its_byte(depth, bom):
    data = (
        bom + '{"é": '.encode() + b"\xff".join([b'["', b'"]']) + b", " + b"[" * depth + b"]" * depth + b" ?"
    )
    with pytest.raises(lenient.DamagedJson) as caught:
        lenient.loads(data)
    assert data[: caught.value.within].rstrip().endswith(b"]" if depth == 0 else b",") or (
        data[caught.value.within : caught.value.within + 1] in (b"?", b"[")
    )


def test_numbers_are_exact_as_far_as_python_reads_them():
    value = lenient.loads(b"[%s, -0, 0.1, 1e999, NaN, -Infinity]" % (b"9" * 4000))
    assert value[:4] == [10**4000 - 1, 0, 0.1, float("inf")]
    assert [type(number) for number in value[3:]] == [float, float, float]


@pytest.mark.parametrize("depth", [0, 300])
def test_what_is_not_read_is_told_from_numbers(depth):
    text = f'{{"deep": {"[" * depth}{"]" * depth or 1}, "long": {"9" * 4001}, "n": [7, "-0"]}}'
    value = lenient.loads(text.encode())
    assert (value["long"], value["n"]) == (lenient.UNREADABLE, [7, "-0"])
    inner = value["deep"]
    while isinstance(inner, list):
        (inner,) = inner
    assert inner == (lenient.UNREADABLE if depth else 1)
