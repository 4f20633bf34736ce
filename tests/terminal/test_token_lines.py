"""Tokens drawn on lines: their borders, their ids, and nothing that a terminal would obey."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from corpuskit.terminal.token_lines import Look, Token, faint, lines, rule

COLOUR = re.compile(r"\x1b\[([0-9;]*)m")
HOSTILE = (
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\u202eabc",
    "\0",
    "\r\n",
    "\x9b2J",
    "back\x08",
    "</script>",
    "\tx",
)


def tokens(*texts, masked=(), found=()):
    return [
        Token(text, number, masked=number in masked, found=number in found)
        for number, text in enumerate(texts)
    ]


def drawn(made, **look):
    return "".join(lines(made, Look(**{"columns": 0, **look})))


def test_a_character_stands_between_tokens():
    assert drawn(tokens("one", " two", "s"), borders=True) == "one│ two│s\n"


def test_a_masked_token_has_another_border():
    assert drawn(tokens("one", " two", "s", masked=[1]), borders=True) == "one│ two┊s\n"
    assert drawn(tokens("one", " two", masked=[1]), borders=True) == "one│ two┊\n"
    assert drawn(tokens("one", " two", masked=[1]), borders=True, ids=True) == "one│ two┊\n0   1\n"


def test_line_ends_and_tabs_are_seen_and_a_line_end_ends_the_line():
    assert drawn(tokens("a", "\n\n", "\tb\n"), borders=True) == "a│↵\n↵\n│→   b↵\n"


@pytest.mark.parametrize(("colours", "both"), [(16, ("30;46", "30;43")), (256, None)])
def test_colours_take_turns(colours, both):
    made = drawn(tokens("a", "b", "c", "d"), colours=colours)
    inks = [ink for ink in COLOUR.findall(made) if ink != "0"]
    assert inks[0] == inks[2] != inks[1] == inks[3]
    assert both is None or tuple(inks[:2]) == both
    assert COLOUR.sub("", made) == "abcd\n"


def test_masked_tokens_are_dim_and_found_ones_marked():
    normal, masked, found = (
        COLOUR.findall(drawn(tokens("a", **more), colours=256))[0]
        for more in ({}, {"masked": [0]}, {"found": [0]})
    )
    assert len({normal, masked, found}) == 3
    assert found == f"{normal};1;4"


@pytest.mark.parametrize("look", [{"borders": True}, {"colours": 16}, {"colours": 256, "borders": True}])
@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("columns", [0, 20, 60])
def test_nothing_of_a_corpus_reaches_the_terminal_as_a_command(look, ids, columns):
    made = drawn(tokens(*HOSTILE), ids=ids, columns=columns, **look)
    text = COLOUR.sub("", made)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    flat = text.replace("\n", "").replace("│", "")
    assert ids or all(part in flat for part in ("\\u001b[31mred", "\\u202eabc", "\\u0000", "</script>"))
    for line in made.splitlines():
        assert not COLOUR.sub("", line) or line.count("\x1b") % 2 == 0  # each colour ends on its line


@pytest.mark.parametrize("columns", [10, 60, 80, 140])
@pytest.mark.parametrize("ids", [False, True])
def test_lines_are_no_wider_than_the_terminal_and_lose_nothing(columns, ids):
    texts = ["word", " wide第一章", "x" * 500, "\n", " \U0001f642"] * 9
    made = drawn(tokens(*texts), columns=columns, colours=256, borders=True, ids=ids)
    plain = COLOUR.sub("", made)
    assert max(map(cell_len, plain.split("\n"))) <= columns
    if not ids:
        joined = plain.replace("\n", "").replace("│", "").replace("↵", "\n")
        assert joined == "".join(texts)


def test_a_line_of_a_megabyte_is_cut_into_lines():
    made = list(lines(tokens("x" * 2**20), Look(80)))
    assert "".join(made).replace("\n", "") == "x" * 2**20
    assert all(len(line) <= 80 for line in made)


def test_each_token_has_its_id_under_it():
    made = [Token("First", 5962), Token(" Citizen", 22307), Token(":", 25), Token("\n", 198), Token("B", 33)]
    assert "".join(lines(made, Look(0, ids=True, borders=True))).splitlines() == [
        "First│ Citizen│: │↵",
        "5962  22307    25 198",
        "B",
        "33",
    ]


def test_lines_are_made_as_they_are_asked_for():
    def endless():
        while True:
            yield Token("line\n", 1)

    for ids in (False, True):
        made = lines(endless(), Look(80, colours=16, ids=ids))
        assert [next(made) for _ in range(3)]


@pytest.mark.parametrize("columns", [20, 60, 140])
def test_a_rule_is_as_wide_as_the_terminal_and_one_line(columns):
    made = rule("document 3, evil\x1b[2J\nname " + "第" * 90, Look(columns))
    assert cell_len(made.removesuffix("\n")) == columns
    assert "\x1b" not in made
    assert made.count("\n") == 1
    assert faint("2 of\npadding", Look(80)) == "2 of\\npadding\n"


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"FORCE_COLOR": "1", "TERM": "xterm-256color"}, 256),
        ({"FORCE_COLOR": "1", "TERM": "xterm"}, 16),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm-256color"}, 0),
        ({"TERM": "xterm-256color"}, 0),
    ],
)
def test_there_are_colours_where_stdout_shows_them(environment, colours, monkeypatch):
    for name in ("FORCE_COLOR", "NO_COLOR", "COLORTERM", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    look = Look.of_stdout(borders=False, ids=False)
    assert look.colours == colours
    assert look.is_plain == (colours == 0)
