"""The probability mass function of a window's start, beside what was drawn."""

from __future__ import annotations

import numpy as np
from drawing import Axes, Drawing

NUM_TOKENS, LENGTH, DRAWS, SEED = 20, 8, 6000, 2024


def data() -> tuple[float, list[float]]:
    """The probability of each start, and the share of the draws that each start had."""
    num_starts = NUM_TOKENS - LENGTH
    drawn = np.random.default_rng(SEED).integers(0, num_starts, DRAWS)
    return 1 / num_starts, (np.bincount(drawn, minlength=num_starts) / DRAWS).tolist()


def draw(alt: str) -> str:
    probability, shares = data()
    drawing = Drawing(600, 320)
    axes = Axes(drawing, (0, NUM_TOKENS), (0, 0.12), ("start s", "probability"), (60, 44, 590, 266))
    for start, share in enumerate(shares):
        left, top = axes.place(start + 0.15, share)
        right, bottom = axes.place(start + 0.85, 0)
        drawing.box((left, top), (right - left, bottom - top), colour="blue", filled=0.35)
        drawing.text((axes.place(start + 0.5, 0)[0], bottom + 20), str(start), colour="muted")
    for start in range(len(shares), NUM_TOKENS):
        drawing.text((axes.place(start + 0.5, 0)[0], axes.bottom + 20), str(start), colour="frame")
    drawing.line([axes.place(0, probability), axes.place(len(shares), probability)], colour="orange")
    drawing.line([axes.place(len(shares), 0), axes.place(len(shares), 0.115)], colour="muted", dashed=True)
    drawing.text(axes.place(12.4, 0.095), "N - L = 12: no window", anchor="start", colour="muted")
    drawing.text(axes.place(12.4, probability - 0.002), "P(S = s) = 1/12", anchor="start", colour="orange")
    drawing.text(axes.place(12.4, 0.06), f"share of {DRAWS:,} draws", anchor="start", colour="blue")
    axes.ticks([], [0, 0.05, 0.1])
    return drawing.svg(alt)
