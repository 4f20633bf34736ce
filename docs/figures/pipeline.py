"""The way from a URL to a batch, with the sizes of tinyshakespeare in gpt2 after each step."""

from __future__ import annotations

from drawing import Drawing

BATCH_SIZE, LENGTH = 64, 256


def data() -> dict[str, tuple[int, ...]]:
    """What each step gives, in the unit that the figure names; of a split text train comes first."""
    return {
        "download": (1_115_394,),
        "split": (1_003_854, 111_540),
        "encode": (301_966, 36_059),
        "write": (603_932, 72_118),
        "map": (0,),
        "draw": (BATCH_SIZE, LENGTH),
    }


def draw(alt: str) -> str:
    words = {
        "download": "{:,} bytes, checked by their sha256",
        "split": "{:,} characters for train, {:,} for valid",
        "encode": "{:,} ids for train, {:,} for valid",
        "write": "{:,} bytes in train-00000.bin, {:,} in valid-00000.bin",
        "map": "{} bytes read: the files are there as arrays",
        "draw": "x and y, {} rows of {} ids each",
    }
    steps = data()
    pitch = 58
    drawing = Drawing(600, pitch * len(steps) - 16)
    for number, (step, sizes) in enumerate(steps.items()):
        y = 4 + number * pitch
        drawing.box((4, y), (110, 34), colour="blue", filled=0.2)
        drawing.text((59, y + 22), step)
        drawing.text((130, y + 22), words[step].format(*sizes), anchor="start")
        if number + 1 < len(steps):
            drawing.line([(59, y + 36), (59, y + 55)], colour="muted")
            drawing.line([(54, y + 49), (59, y + 55), (64, y + 49)], colour="muted")
    return drawing.svg(alt)
