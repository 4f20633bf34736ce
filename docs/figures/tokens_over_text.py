"""The tokens of a line as gpt2 has them, each in a box with its id: what the third chapter prints."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from drawing import Drawing

PAGE = Path(__file__).parents[1] / "tutorial/3-tokens.md"
LETTER = 8.6  # the width of a monospaced letter of 14 pixels


def data() -> list[tuple[int, str]]:
    """Each token's id and text, in order."""
    found = re.findall(r"^ *(\d+) ('.*')$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [(int(one), ast.literal_eval(text)) for one, text in found]


def draw(alt: str) -> str:
    tokens = data()
    widths = [max(len(text), len(str(one))) * LETTER + 10 for one, text in tokens]
    drawing = Drawing(round(sum(widths)) + 8, 64)
    x = 4.0
    for number, ((one, text), width) in enumerate(zip(tokens, widths, strict=True)):
        colour = ("blue", "orange", "muted")[number % 3]
        drawing.box((x + 1, 4), (width - 2, 32), colour=colour, filled=0.2)
        drawing.text((x + width / 2, 25), text.replace(" ", "·"), mono=True)
        drawing.text((x + width / 2, 56), str(one), colour=colour, mono=True)
        x += width
    return drawing.svg(alt)
