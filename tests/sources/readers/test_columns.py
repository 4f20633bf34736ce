"""Columns, named and missed."""

from __future__ import annotations

import pytest

from corpuskit.sources.base import Input
from corpuskit.sources.readers.columns import close_to, listed, missing_column, of_conversations


@pytest.mark.parametrize(
    ("field", "names", "found"),
    [
        ("text", ["id", "Text"], "did you mean 'Text'?"),
        ("text", ["id", " text "], "did you mean ' text '?"),
        ("text", ["texts", "doc.text"], "did you mean 'doc.text'?"),
        ("doc.text", ["text"], "did you mean 'text'?"),
        ("text", ["id", "txt"], "did you mean 'txt'?"),
        ("text", ["id", "content"], ""),
        ("text", [], ""),
    ],
)
def test_a_name_like_another_is_found(field, names, found):
    assert close_to(field, names) == found


def test_names_of_any_characters_make_one_line_of_a_message():
    assert listed(["a\nb", "c\udcff", "x" * 100]) == rf"a b, c\udcff, {'x' * 60}"
    assert listed([str(number) for number in range(11)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..."


def test_white_space_around_a_name_is_seen():
    assert listed(["id", " text", "a b", "c\t", " d\udcff", ""]) == r"id, ' text', a b, 'c\t', ' d\udcff', "
    assert listed([" " + "x" * 100]) == f"' {'x' * 59}'"


@pytest.mark.parametrize(
    ("names", "are"),
    [
        (["id", "messages"], True),
        (["conversations"], True),
        (["completion", "prompt"], True),
        (["prompt", "id"], False),
        ([], False),
    ],
)
def test_fields_that_conversations_have_are_said_to_be_read_as_chat(names, are):
    hint = "conversations are read from JSON or Parquet, with --format chat"
    assert of_conversations(names) == (hint if are else "")
    item = Input("a.csv", 1, "")
    assert str(missing_column(item, "text", names)).endswith(hint) == are
    assert hint not in str(missing_column(item, "text", names, remedy="--reader-option"))
