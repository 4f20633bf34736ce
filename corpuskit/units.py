"""Numbers with units as people write them: 10B tokens, 512M bytes, 10%."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

_COUNTS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}
#: A bare letter counts as its binary unit does: half a gigabyte of memory is what 512M has always meant here.
_SIZES = {"": 1, "B": 1} | {
    letter + suffix: base**power
    for power, letter in enumerate("KMGT", 1)
    for suffix, base in (("", 1024), ("IB", 1024), ("B", 1000))
}


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
    # The nearest number to the hundredth, and not the hundredth of the nearest.
    return float(f"{number.strip()}e-2") if number != text.strip() else float(text)


def _parse(text: str, units: Mapping[str, int], expected: str) -> int:
    found = re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*([A-Z]*)", text.strip().upper())
    unit = units.get(found[2]) if found else None
    if found is None or unit is None:
        raise ValueError(expected)
    value = Fraction(found[1].replace("_", "")) * unit
    if value.denominator != 1:
        raise ValueError("a whole number")
    return int(value)
