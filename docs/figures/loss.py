"""The loss curve of the seventh chapter: what the page says that its training printed."""

from __future__ import annotations

import math
import re
from pathlib import Path

from drawing import Axes, Drawing

PAGE = Path(__file__).parents[1] / "tutorial/7-a-small-gpt.md"
VOCABULARY = 50_257


def data() -> list[tuple[int, float]]:
    """Per cent of the steps that were done, and the mean loss of the last tenth of them."""
    text = PAGE.read_text(encoding="utf-8")
    return [
        (int(share), float(loss))
        for share, loss in re.findall(r"^ *(\d+)%  loss ([\d.]+)", text, re.MULTILINE)
    ]


def draw(alt: str) -> str:
    drawing = Drawing(600, 320)
    axes = Axes(drawing, (0, 100), (4, 11.5), ("per cent of the steps", "loss"), (60, 44, 580, 266))
    guess = math.log(VOCABULARY)
    drawing.line([axes.place(0, guess), axes.place(100, guess)], colour="muted", dashed=True)
    drawing.text(axes.place(100, guess - 0.6), "ln 50,257: every id alike", anchor="end", colour="muted")
    drawing.line([axes.place(share - 5, loss) for share, loss in data()], colour="blue")
    axes.ticks([0, 25, 50, 75, 100], [4, 6, 8, 10])
    return drawing.svg(alt)
