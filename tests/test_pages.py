"""What comments above the blocks of a page mean to the tests."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
from pages import blocks  # noqa: E402 - found by the line above

PAGES = sorted([*DOCS.glob("*.md"), *(DOCS / "recipes").glob("*.md"), *(DOCS / "tutorial").glob("*.md")])


def block(comment: str, text: str):
    (found,) = blocks(f"<!-- {comment} -->\n```text\n{text}\n```\n")
    return found


def test_what_varies_is_shown_and_compared_loosely() -> None:
    found = block("output varies: 0.4 s | 7", "Prepared 7 tokens in 0.4 s")
    assert found.code == "Prepared 7 tokens in 0.4 s\n"
    assert found.expected == "Prepared ... tokens in ...\n"


def test_what_varies_may_go_over_several_lines() -> None:
    assert block("output varies: row 0 ... end", "a\nrow 0\nx\nend\nb").expected == "a\n...\nb\n"


def test_something_that_varies_and_is_not_shown_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"'0\.5 s' varies, and is not in the block"):
        _ = block("output varies: 0.5 s", "in 0.4 s").expected


def test_an_output_without_a_comment_is_compared_as_it_is() -> None:
    assert block("output", "in 0.4 s").expected == "in 0.4 s\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_reader_sees_a_wildcard(page) -> None:
    """`...` on a line of its own says that lines are left out; inside a line it would be a hole."""
    for found in blocks(page.read_text(encoding="utf-8")):
        lines = found.code.splitlines() if found.is_output else []
        if found.language == "console" and found.mark != "where":  # what is not installed cannot be recorded
            lines = [line for line in found.code.splitlines() if not line.startswith("$ ")]
        said = [re.sub(r", \.\.\.(?=[)\]])", "", line) for line in lines]  # pytest's own, of a long value
        holes = [line for line in said if "..." in line and line.strip() != "..."]
        assert not holes, f"{page.name}:{found.line}"
