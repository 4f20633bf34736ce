"""Drawings as SVG, made of few kinds of parts.

A colour is a name: the site's style sheet says what it is in light and dark, and without the style sheet,
as in a notebook, it is the light one. So one drawing serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

_COLOURS = {"ink": "#1d1d1f", "muted": "#5c5c66", "frame": "#c9c9d1", "blue": "#1b6fc2", "orange": "#c2570c"}
Point = tuple[float, float]


def _colour(name: str) -> str:
    return f"var(--figure-{name}, {_COLOURS[name]})"


class Drawing:
    """An SVG of a width and height in units of about a pixel; y goes down from the top."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._parts: list[str] = []

    def text(
        self, at: Point, text: str, *, anchor: str = "middle", colour: str = "ink", mono: bool = False
    ) -> None:
        family = "monospace" if mono else "sans-serif"
        style = f"fill: {_colour(colour)}; font: 14px {family}; white-space: pre"
        x, y = at
        self._parts.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" style="{style}">{escape(text)}</text>'
        )

    def box(self, at: Point, size: Point, *, colour: str, filled: float = 1.0) -> None:
        """A rectangle with an outline; `filled` is how opaque its inside is."""
        (x, y), (width, height) = at, size
        style = f"fill: {_colour(colour)}; fill-opacity: {filled:g}; stroke: {_colour(colour)}"
        self._parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" style="{style}"/>'
        )

    def line(self, points: Sequence[Point], *, colour: str = "ink", dashed: bool = False) -> None:
        dash = "; stroke-dasharray: 6 4" if dashed else ""
        style = f"fill: none; stroke: {_colour(colour)}; stroke-width: 2{dash}"
        path = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
        self._parts.append(f'<polyline points="{path}" style="{style}"/>')

    def svg(self, alt: str) -> str:
        """The picture; `alt` says in words what it shows."""
        width, height = self._size
        label = escape(alt, {'"': "&quot;"})
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'role="img" aria-label="{label}">{"".join(self._parts)}</svg>'
        )


class Axes:
    """A plot's frame in a drawing: `place` turns a value of x and y into a point.

    Args:
        drawing: Where it is drawn.
        x_range: The least and the greatest x.
        y_range: The least and the greatest y.
        labels: What x and y are.
        box: Left, top, right and bottom of the frame.
    """

    def __init__(
        self, drawing: Drawing, x_range: Point, y_range: Point, labels: tuple[str, str], box: Sequence[float]
    ) -> None:
        self._drawing, self._x, self._y = drawing, x_range, y_range
        self.left, self.top, self.right, self.bottom = box
        drawing.line(
            [(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)], colour="muted"
        )
        drawing.text(((self.left + self.right) / 2, self.bottom + 42), labels[0], colour="muted")
        drawing.text((self.left - 40, self.top - 14), labels[1], anchor="start", colour="muted")

    def place(self, x: float, y: float) -> Point:
        across = (x - self._x[0]) / (self._x[1] - self._x[0])
        up = (y - self._y[0]) / (self._y[1] - self._y[0])
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)

    def ticks(
        self, xs: Sequence[float], ys: Sequence[float], *, show: Sequence[Callable[[float], str]] = (str, str)
    ) -> None:
        for x in xs:
            self._drawing.text((self.place(x, 0)[0], self.bottom + 20), show[0](x), colour="muted")
        for y in ys:
            self._drawing.text(
                (self.left - 8, self.place(0, y)[1] + 5), show[1](y), anchor="end", colour="muted"
            )
