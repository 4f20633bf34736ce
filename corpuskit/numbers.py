"""Whole numbers, whoever counted them: Python's, NumPy's, and whatever else can be an index."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from corpuskit.errors import ConfigError

_COUNTS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}
#: A bare letter counts as its binary unit does: half a gigabyte of memory is what 512M has always meant here.
_SIZES = {"": 1, "B": 1} | {
    letter + suffix: base**power
    for power, letter in enumerate("KMGT", 1)
    for suffix, base in (("", 1024), ("IB", 1024), ("B", 1000))
}


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


def whole(name: str, value: Any, *, least: int | None = None) -> int:
    """The same for an option.

    Args:
        name: What the user calls it.
        value: What the user gave.
        least: The smallest number that is allowed.

    Raises:
        ConfigError: If it is no whole number, or too small.
    """
    found = as_whole(value)
    if found is None or (least is not None and found < least):
        bound = "" if least is None else f", {least} or more"
        raise ConfigError(f"{name} = {value!r}: must be a whole number{bound}", found=value)
    return found


def parse_count(text: str) -> int:
    """A whole number with an optional unit: "10B" is 10,000,000,000 and "64_000" is 64,000.

    Raises:
        ValueError: If it is neither.
    """
    return _parse(text, _COUNTS, "a number with a unit such as K, M, B, T")


def parse_size(text: str) -> int:
    """A number of bytes with an optional unit: "512M" and "512MiB" are 512 * 2**20, "512MB" is 512 * 10**6.

    Raises:
        ValueError: If it is not one.
    """
    return _parse(
        text, _SIZES, "a number of bytes with a unit such as 64M, 1GiB (powers of 1,024) or 1GB (of 1,000)"
    )


def parse_fraction(text: str) -> float:
    """A fraction: "0.1" or "10%".

    Raises:
        ValueError: If it is neither.
    """
    number = text.strip().removesuffix("%")
    return float(Fraction(number.strip()) / 100) if number != text.strip() else float(text)


def _parse(text: str, units: Mapping[str, int], expected: str) -> int:
    found = re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*([A-Z]*)", text.strip().upper())
    unit = units.get(found[2]) if found else None
    if found is None or unit is None:
        raise ValueError(expected)
    value = Fraction(found[1].replace("_", "")) * unit
    if value.denominator != 1:
        raise ValueError("a whole number")
    return int(value)


__all__ = ["as_whole", "parse_count", "parse_fraction", "parse_size", "plain", "whole"]
