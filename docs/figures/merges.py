"""How a word is put together, merge by merge: what the third chapter prints."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from drawing import Drawing

PAGE = Path(__file__).parents[1] / "tutorial/3-tokens.md"


def data() -> list[tuple[int, list[str]]]:
    """How many merges were learned, and the word's pieces then; only those merges that change the word."""
    found = re.findall(r"^merge +(\d+) (\[.*\])$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [(int(number), ast.literal_eval(pieces)) for number, pieces in found]


def draw(alt: str) -> str:
    steps = data()
    cell, left, pitch = 60, 130, 48
    drawing = Drawing(left + cell * len("".join(steps[0][1])) + 8, pitch * len(steps))
    before: list[str] = steps[0][1]
    for row, (number, pieces) in enumerate(steps):
        y = 4 + row * pitch
        drawing.text(
            (left - 14, y + 23), f"merge {number}" if number else "bytes", anchor="end", colour="muted"
        )
        x = left
        for piece in pieces:
            colour = "blue" if piece in before else "orange"
            drawing.box((x + 2, y), (cell * len(piece) - 4, 34), colour=colour, filled=0.2)
            drawing.text((x + cell * len(piece) / 2, y + 22), piece.replace(" ", "·"), mono=True)
            x += cell * len(piece)
        before = pieces
    return drawing.svg(alt)
