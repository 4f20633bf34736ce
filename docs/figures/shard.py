"""A shard of three documents, and the index beside it: what the fourth chapter prints."""

from __future__ import annotations

import re
from pathlib import Path

from drawing import Drawing

PAGE = Path(__file__).parents[1] / "tutorial/4-files.md"
CELL = 9  # the width of an id of the shard


def data() -> list[tuple[str, int, int, int, int]]:
    """Each document's text, and its four numbers in the index: end, input, start and bytes of text."""
    page = PAGE.read_text(encoding="utf-8")
    texts = page.partition("<!-- file: hamlet.txt -->\n```text\n")[2].partition("\n```")[0].split("\n")
    rows = re.findall(r"^ +(\d+) +(\d+) +(\d+) +(\d+)$", page, re.MULTILINE)
    return [(text, *map(int, row)) for text, row in zip(texts, rows, strict=True)]


def draw(alt: str) -> str:
    documents = data()
    left, begin = 12, 0
    drawing = Drawing(left + CELL * documents[-1][1] + 16, 196)
    drawing.text((left, 16), "train-00000.bin: one id a byte, and 256 after each document", anchor="start")
    drawing.text((left, 122), "train-00000.idx: four numbers a document", anchor="start")
    for number, (text, end, file, start, size) in enumerate(documents):
        x, width = left + begin * CELL, (end - begin) * CELL
        drawing.box((x, 28), (width - CELL, 34), colour="blue", filled=0.2)
        drawing.box((x + width - CELL, 28), (CELL, 34), colour="orange", filled=0.5)
        drawing.text((x + (width - CELL) / 2, 50), text, mono=True)
        drawing.text((x + width, 80), str(end), colour="orange")
        if number == 0:
            drawing.text((x, 80), "0", colour="muted")
        drawing.box((x + 2, 134), (width - 4, 34), colour="frame", filled=0.2)
        drawing.text((x + width / 2, 156), f"{end}, {file}, {start}, {size}", mono=True)
        drawing.text((x + width / 2, 188), "end, input, start, bytes", colour="muted")
        begin = end
    return drawing.svg(alt)
