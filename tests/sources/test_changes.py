"""Which inputs changed, in words."""

from __future__ import annotations

import pytest

from corpuskit.sources.changes import changes

FOUND = [("a.txt", 1, "aa"), ("b.txt", 2, "bb"), ("c.txt", 3, "cc")]
RECORDED = [(*one, None) for one in FOUND]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([("a.txt", 1, "aa"), ("b.txt", 9, "bb"), ("c.txt", 3, "cc")], "b.txt has changed"),
        ([("a.txt", 1, "aa"), ("b.txt", 2, "xx"), ("c.txt", 3, lambda: "yy")], "b.txt, c.txt have changed"),
        ([("a.txt", 1, "aa"), ("d.txt", 2, "bb"), ("c.txt", 3, "cc")], "d.txt is new; b.txt is gone"),
        ([("a.txt", 5, "aa"), ("b.txt", 2, "bb")], "a.txt has changed; c.txt is gone"),
        (FOUND[::-1], "their order or their splits have changed"),
        ([*FOUND, *((f"{n}.txt", 0, "") for n in range(5))], "0.txt, 1.txt, 2.txt and more are new"),
        ([("a.txt", None, "aa"), ("b.txt", None, "bb"), ("c.txt", None, "xx")], "c.txt has changed"),
    ],
)
def test_inputs_that_changed_are_named(found, words):
    assert changes(RECORDED, found) == words


def test_nothing_is_hashed_where_names_or_sizes_tell():
    def never() -> str:
        raise AssertionError("hashed")

    assert changes(RECORDED, [("a.txt", 1, never), ("b.txt", 4, never), ("c.txt", 3, never)]) == (
        "b.txt has changed"
    )
    assert changes(RECORDED, [("a.txt", 1, never), ("c.txt", 3, never)]) == "b.txt is gone"
