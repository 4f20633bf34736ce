"""docs/testing.md has every check and every attribute of every suite, and no others."""

import re
from pathlib import Path

import pytest

import corpuskit.testing

PAGE = (Path(__file__).parents[2] / "docs/testing.md").read_text(encoding="utf-8")
SUITES = [name for name in corpuskit.testing.__all__ if name.endswith("Suite")]


def section(name):
    return re.split(r"^## ", PAGE.partition(f"\n## {name}\n")[2], flags=re.MULTILINE)[0]


@pytest.mark.parametrize("name", SUITES)
def test_every_check_has_a_row(name):
    checks = [check for check in vars(getattr(corpuskit.testing, name)) if check.startswith("test_")]
    assert re.findall(r"^\| `(test_\w+)` \| .", section(name), re.MULTILINE) == checks


@pytest.mark.parametrize("name", SUITES)
def test_every_attribute_has_a_row(name):
    suite = getattr(corpuskit.testing, name)
    attributes = {word for word in suite.__annotations__ if not word.startswith("_")}
    assert set(re.findall(r"^\| `(\w+) = .*?` \| .", section(name), re.MULTILINE)) == attributes


def test_every_public_name_has_a_section():
    assert all(f"\n## {name}\n" in PAGE for name in corpuskit.testing.__all__)
