"""Where the tokens of a batch are from: `batches.trace(step)`."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

from corpuskit.arrays import Ints
from corpuskit.batches.order import Order
from corpuskit.batches.stream import Piece


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TracedRow:
    """One row of a batch.

    Args:
        row: Its number in the batch, from 0.
        sample: Its number in the global order.
        x: int64[n], the ids that the model reads, without padding.
        y: int64[n], what is asked of it at each; -100 where nothing is.
        pieces: The documents that the ids of x belong to, in order, each with its place.
        text: What the ids of x stand for.
    """

    row: int
    sample: int
    x: Ints
    y: Ints
    pieces: tuple[Piece, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        """The row as a JSON value."""
        pieces = [dataclasses.asdict(piece) for piece in self.pieces]
        return {"row": self.row, "sample": self.sample, "pieces": pieces, "text": self.text}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The rows of a batch, and where each is from.

    Args:
        step: The batch's number; None where rows of several batches were asked for.
        rows: The rows in order.
    """

    step: int | None
    rows: tuple[TracedRow, ...]

    def to_json(self) -> dict[str, Any]:
        """The trace as a JSON value."""
        return {"step": self.step, "rows": [row.to_json() for row in self.rows]}


def trace(order: Order, samples: Sequence[int], *, step: int | None = None, first_row: int = 0) -> Trace:
    """Where the rows of samples are from.

    Args:
        order: The order of the run.
        samples: Their numbers.
        step: The number of the batch that they are of, if they are of one.
        first_row: The number of the first of them in that batch.

    Raises:
        IndexError: If a number is negative.
    """
    x, y = order.rows(samples)[:2]
    spans = order.spans(samples)
    rows = []
    for number, (first, last) in enumerate(itertools.pairwise(spans.first.tolist())):
        starts, lengths = spans.starts[first:last].tolist(), spans.lengths[first:last].tolist()
        pieces = [
            piece
            for start, length in zip(starts, lengths, strict=True)
            for piece in order.stream.pieces(start, start + length)
        ]
        used = sum(lengths)
        row_x = x[number, :used]
        text = order.stream.decode(row_x)
        rows.append(
            TracedRow(first_row + number, int(samples[number]), row_x, y[number, :used], tuple(pieces), text)
        )
    return Trace(step, tuple(rows))


__all__ = ["Trace", "TracedRow", "trace"]
