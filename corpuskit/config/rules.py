"""What a value of a configuration must be, in the words of all our messages, from pydantic's errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

#: What a value must be, by pydantic's name for what it is not.
_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "is_instance_of": "a path",
    "list_type": "a list",
    "path_type": "a path",
    "string_type": "text",
}


def what_is_wrong(errors: Sequence[ErrorDetails], values: Mapping[str, Any]) -> tuple[str, Any, str]:
    """Where in its field the first wrong value is, the value itself, and what it must be.

    Args:
        errors: Pydantic's errors. Of a field with several types there is one for each, whose place names it.
        values: What was given, by field.
    """
    found = [
        (*_inside(each["loc"], values), _rule(each))
        for each in errors
        if each["loc"][0] == errors[0]["loc"][0]
    ]
    deepest = max(depth for depth, *_ in found)
    _, where, value, _ = next(each for each in found if each[0] == deepest)
    rules = dict.fromkeys(rule for depth, place, _, rule in found if (depth, place) == (deepest, where))
    return where, value, _or([*rules])


def _inside(place: Sequence[int | str], values: Mapping[str, Any]) -> tuple[int, str, Any]:
    """How deep in its field a place is, as it is written, and the value there."""
    depth, where, value = 0, "", values[str(place[0])]
    for part in place[1:]:
        if isinstance(value, Mapping) and part in value:
            depth, where, value = depth + 1, f"{where}.{part}", value[part]
        elif isinstance(value, (list, tuple)) and isinstance(part, int):
            depth, where, value = depth + 1, f"{where}[{part}]", value[part]
    return depth, where, value


def _rule(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "greater_than_equal":
        return f"a whole number, {context['ge']} or more"
    if kind == "less_than_equal":
        return f"a whole number, at most {context['le']:,}"
    if kind in _TYPES:
        return _TYPES[kind]
    return (
        error["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("must be ")
    )


def _or(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


__all__ = ["what_is_wrong"]
