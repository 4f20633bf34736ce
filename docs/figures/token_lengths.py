"""How many tokens of the train split have how many bytes: what the third chapter prints."""

from __future__ import annotations

import re
from pathlib import Path

from drawing import Axes, Drawing

PAGE = Path(__file__).parents[1] / "tutorial/3-tokens.md"


def data() -> dict[int, int]:
    """Tokens by their length in bytes, up to 10 bytes."""
    found = re.findall(r"^ *(\d+) bytes: +([\d,]+) tokens$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(length): int(count.replace(",", "")) for length, count in found}


def draw(alt: str) -> str:
    counts = data()
    drawing = Drawing(600, 320)
    labels = ("bytes in a token", "thousand tokens")
    axes = Axes(drawing, (0.5, len(counts) + 0.5), (0, 100_000), labels, (60, 44, 590, 266))
    for length, count in counts.items():
        left, top = axes.place(length - 0.35, count)
        right, bottom = axes.place(length + 0.35, 0)
        drawing.box((left, top), (right - left, bottom - top), colour="blue", filled=0.35)
        drawing.text(((left + right) / 2, top - 6), f"{count / 1000:.1f}", colour="blue")
    axes.ticks([*counts], [0, 50_000, 100_000], show=(str, lambda count: f"{count / 1000:.0f}"))
    return drawing.svg(alt)
