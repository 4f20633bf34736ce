"""What is learned and what is a control token is seen with colours and without, and no text can forge it."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from corpuskit.terminal.mask_lines import MaskedText, legend, lines
from corpuskit.terminal.token_lines import Look

TEXTS = [
    MaskedText("<|im_start|>", is_control=True),
    MaskedText("user\nWhat is <|im_end|>?"),
    MaskedText("one\n\ntwo ⟦x⟧ \x1b[31m", is_learned=True),
    MaskedText("<|im_end|>", is_learned=True, is_control=True),
    MaskedText("\n"),
]


def test_without_colours_each_line_has_signs_of_its_own_that_no_text_can_write():
    assert [*lines(TEXTS, Look(0))] == [
        "⟪<|im_start|>⟫user↵\n",
        "What is <|im_end|>?⟦one↵⟧\n",
        "⟦↵⟧\n",
        "⟦two \\u27e6x\\u27e7 \\u001b[31m⟪<|im_end|>⟫⟧↵\n",
    ]
    assert legend(Look(0)) == "⟦to be learned⟧  ⟪control token⟫\n"


@pytest.mark.parametrize("colours", [0, 16, 256])
@pytest.mark.parametrize("columns", [20, 60, 80, 140])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(columns, colours):
    texts = [*TEXTS, MaskedText("第" * 100 + "x" * 200, is_learned=True), *TEXTS, MaskedText("y" * 100)]
    made = [*lines(texts, Look(columns, colours))]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in made]
    assert max(cell_len(line.rstrip("\n")) for line in plain) <= columns
    joined = re.sub("[⟦⟧⟪⟫\n]", "", "".join(plain))
    assert joined.count("第") == 100
    assert joined.count("x") == 200 + 2
    assert joined.endswith("y" * 100)
    assert all("<|im_start|>" in line for line in plain if "<|im_s" in line)


@pytest.mark.parametrize("colours", [16, 256])
def test_each_kind_has_an_ink_of_its_own(colours):
    kinds = [MaskedText("x", is_learned=a, is_control=b) for a in (False, True) for b in (False, True)]
    inks = {"".join(lines([one], Look(80, colours))) for one in kinds}
    assert len(inks) == 4
    assert legend(Look(80, colours)).count("\n") == 1
