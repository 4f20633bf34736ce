"""Whole numbers, whoever counted them: Python's, NumPy's, JSON's, and whatever else can be an index."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from corpuskit.errors import ConfigError

#: A fast parser of JSON makes floats of whole numbers from here on.
_LEAST_ROUNDED = 2.0**63


def as_whole(value: Any) -> int | None:
    """The whole number that a value is; None for anything else: text, fractions, and booleans of any kind."""
    if isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool"):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def plain(value: Any) -> Any:
    """Python's own value for a number or a boolean that NumPy or the like holds, in a mapping too."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    number = as_whole(value)
    if number is not None:
        return number
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def whole(name: str, value: Any, *, least: int | None = None, most: int | None = None) -> int:
    """The same for an option.

    Args:
        name: What the user calls it.
        value: What the user gave.
        least: The smallest number that is allowed.
        most: The largest one.

    Raises:
        ConfigError: If it is no whole number, too small or too large.
    """
    found = as_whole(value)
    if found is None or (least is not None and found < least) or (most is not None and found > most):
        bound = "" if least is None else f", {least} or more"
        if found is not None and most is not None and found > most:
            bound = f", {most:,} or less"
        raise ConfigError(f"{name} = {shown(value):.80}: must be a whole number{bound}", found=value)
    return found


def shown(value: Any) -> str:
    """A value on one line: an array has several, and Python writes no number of thousands of digits."""
    try:
        return " ".join(repr(value).split())
    except ValueError:
        return "a number of thousands of digits"


def may_be_rounded(value: Any) -> bool:
    """Whether a value of JSON is, or holds, a number that was perhaps a whole one of more than 64 bits."""
    waiting = [value]  # and no recursion: it may be nested deeper than Python follows
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, float) and abs(one) >= _LEAST_ROUNDED:
            return True
    return False


__all__ = ["as_whole", "may_be_rounded", "plain", "shown", "whole"]
