"""Windows on the stream of tokens: x, y one token further, and the last window that there is."""

from __future__ import annotations

from drawing import Drawing

# The first tokens of tinyshakespeare in gpt2, as text.
TOKENS = ("First", " Citizen", ":", "\n", "Before", " we", " proceed", " any", " further", ",")
LENGTH = 4


def data() -> dict[str, tuple[int, int]]:
    """From which token to before which each row of the figure goes."""
    last = len(TOKENS) - LENGTH - 1
    return {
        "x": (1, 1 + LENGTH),
        "y": (2, 2 + LENGTH),
        "last x": (last, last + LENGTH),
        "last y": (last + 1, last + 1 + LENGTH),
    }


def draw(alt: str) -> str:
    cell, left = 66, 60
    drawing = Drawing(left + cell * len(TOKENS) + 4, 236)
    for place, token in enumerate(TOKENS):
        x = left + place * cell
        drawing.text((x + cell / 2, 18), str(place), colour="muted")
        drawing.box((x, 26), (cell, 32), colour="frame", filled=0.25)
        drawing.text((x + cell / 2, 47), token.replace("\n", "\\n").strip(" "), mono=True)
    for row, (name, (start, end)) in enumerate(data().items()):
        colour = "orange" if name.endswith("y") else "blue"
        y = 78 + row * 34 + (14 if row > 1 else 0)
        drawing.text((left - 8, y + 19), name.split()[-1], anchor="end", colour=colour)
        drawing.box((left + start * cell + 2, y), (cell * LENGTH - 4, 28), colour=colour, filled=0.2)
        words = f"tokens {start} to {end - 1}" + (", the last window" if name == "last x" else "")
        drawing.text((left + (start + LENGTH / 2) * cell, y + 19), words, colour=colour)
    return drawing.svg(alt)
