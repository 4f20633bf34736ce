"""Numbers with units as people write them."""

from __future__ import annotations

import pytest

from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError
from corpuskit.preparation.split_rule import parse_rule
from corpuskit.units import parse_count, parse_fraction


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("64_000", 64_000), ("10B", 10**10), ("1.5M", 1_500_000), ("2t", 2 * 10**12)],
)
def test_counts_may_carry_a_unit(text, value):
    assert parse_count(text) == value
    assert PrepareConfig.make({"dataset": "x", "max_tokens": text}).max_tokens == value


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64M", 64 * 2**20),
        ("1GiB", 2**30),
        ("1gib", 2**30),
        ("1GB", 10**9),
        ("64 MB", 64 * 10**6),
        ("1.1kB", 1100),
        ("512", 512),
        ("512B", 512),
        ("2T", 2**41),
        ("1.5MiB", 3 * 2**19),
    ],
)
def test_sizes_may_be_written_as_people_write_them(text, size):
    config = PrepareConfig.make({"dataset": "x", "shard_bytes": text, "part_bytes": text})
    assert (config.shard_bytes, config.part_bytes) == (size, size)


@pytest.mark.parametrize("text", ["1XB", "GB", "1 0GB", "1GBB", "-1M", "1i", "1iB", "nan", "1e3", ""])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match=r"shard_bytes = .*: must be a number of bytes with a unit such as"):
        PrepareConfig.make({"dataset": "x", "shard_bytes": text})
    with pytest.raises(ConfigError, match=r"max_tokens = .*: must be a number with a unit such as"):
        PrepareConfig.make({"dataset": "x", "max_tokens": text})


@pytest.mark.parametrize(
    ("text", "fraction"), [("0.1", 0.1), ("10%", 0.1), (" 0.7 % ", 0.007), ("29%", 0.29), ("1_0%", 0.1)]
)
def test_a_fraction_may_be_a_percentage(text, fraction):
    assert parse_fraction(text) == fraction


@pytest.mark.parametrize("number", ["1/0", "1e999", "1/3", "nan", "inf", "-1", "%", "", "0", "100", "1_"])
def test_what_is_no_share_is_one_error(number):
    for text in (f"valid={number}%", f"characters:{number}%"):
        with pytest.raises(ConfigError, match=r"--split .*: (.* is not (a number|between 0 and 1)|expected)"):
            parse_rule(text, given=False)
