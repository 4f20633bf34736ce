"""Microseconds a batch beside nanoGPT's get_batch: the table of docs/performance.md."""

from __future__ import annotations

import re
from pathlib import Path

from drawing import Drawing

PAGE = Path(__file__).parents[1] / "performance.md"


def data() -> dict[str, int]:
    """Microseconds a batch of 64 x 1024, by what makes it, in the order of the table."""
    section = PAGE.read_text(encoding="utf-8").partition("\n### Batches, in an earlier run\n")[2]
    table = section.partition("| microseconds a batch |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.+?) +\| +([\d,]+) \|", table, re.MULTILINE)
    return {name.replace("`", ""): int(count.replace(",", "")) for name, count in rows}


def draw(alt: str) -> str:
    rows = data()
    drawing = Drawing(600, 24 + 36 * len(rows))
    scale = 300 / max(rows.values())
    for number, (name, microseconds) in enumerate(rows.items()):
        y = 16 + number * 36
        drawing.text((212, y + 19), name, anchor="end")
        colour = "orange" if "get_batch" in name or "DataLoader" in name else "blue"
        drawing.box((222, y), (microseconds * scale, 26), colour=colour, filled=0.5)
        drawing.text((230 + microseconds * scale, y + 19), f"{microseconds:,} µs", anchor="start")
    return drawing.svg(alt)
