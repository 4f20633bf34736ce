"""How much of the split has been read after so many windows, with and without replacement."""

from __future__ import annotations

import numpy as np
from drawing import Axes, Drawing

from corpuskit.samplers.base import SamplerContext
from corpuskit.samplers.opening import open_sampler

NUM_TOKENS, LENGTH, SEED = 301_966, 128, 2024  # the train split of tinyshakespeare in gpt2
EPOCH = (NUM_TOKENS - 1) // LENGTH  # windows that cover the split once
POINTS = 24


def starts(sampler: str, count: int) -> np.ndarray:
    context = SamplerContext(NUM_TOKENS, LENGTH, SEED, lambda: np.array([NUM_TOKENS]))
    return open_sampler(sampler, context).starts(np.arange(count))


def seen(starts: np.ndarray) -> float:
    """The share of the tokens that are an input of one of the windows, at least."""
    edges = np.zeros(NUM_TOKENS + 1, np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + LENGTH, -1)
    return float((np.cumsum(edges[:-1]) > 0).mean())


def data() -> dict[str, list[tuple[float, float]]]:
    """For each sampler: windows drawn, in epochs' worth, and the share of the tokens seen."""
    counts = [round(3 * EPOCH * point / POINTS) for point in range(POINTS + 1)]
    return {
        sampler: [(count / EPOCH, seen(drawn[:count])) for count in counts]
        for sampler in ("random", "shuffled")
        for drawn in [starts(sampler, counts[-1])]
    }


def draw(alt: str) -> str:
    drawing = Drawing(600, 330)
    labels = ("windows drawn, in epochs' worth", "share of the tokens seen")
    axes = Axes(drawing, (0, 3), (0, 1.05), labels, (60, 44, 580, 276))
    curves = data()
    drawing.line([axes.place(x, 1 - np.exp(-x)) for x in np.linspace(0, 3, 61)], colour="muted", dashed=True)
    for colour, sampler in (("orange", "random"), ("blue", "shuffled")):
        drawing.line([axes.place(*point) for point in curves[sampler]], colour=colour)
    drawing.text(axes.place(1.08, 0.92), "shuffled", anchor="start", colour="blue")
    drawing.text(axes.place(1.1, 0.55), "random, and 1 - exp(-k) dashed", anchor="start", colour="orange")
    axes.ticks([0, 1, 2, 3], [0, 0.5, 1])
    return drawing.svg(alt)
