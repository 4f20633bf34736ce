"""Where the tokens of a batch are from: `batches.trace(step)`."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.order import Order, decode_rows
from corpuskit.batches.span_copy import SpanCopy
from corpuskit.batches.stream import Piece, TokenStream
from corpuskit.markup import display
from corpuskit.ranges import ranges
from corpuskit.samplers.base import Spans, SpanSampler
from corpuskit.value_streams import LOSS

#: Documents and characters of a row that a notebook shows.
_SHOWN, _SHOWN_CHARACTERS = 3, 120


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TracedRow:
    """One row of a batch.

    Args:
        row: Its number in the batch, from 0.
        sample: Its number in the global order.
        x: int64[n], the ids that the model reads, without padding.
        y: int64[n], what is asked of it at each, the next token; -100 where nothing is.
        pieces: The documents that the ids of x (or, where asked for, those of y) belong to, in order, each
            with its place; an id in front of a document is a token of its piece.
        text: What those ids stand for.
        ids: int64[n], those ids themselves; of y, also where nothing is asked of it. Where documents are
            filled in the middle, they are in the order of the row.
        places: int64[n], where they are in the row: padding is left out.
        learned: bool[n], whether each of these is a target that is to be learned, as the loss stream says;
            None where there is none, or where documents are filled in the middle.
    """

    row: int
    sample: int
    x: Ints
    y: Ints
    pieces: tuple[Piece, ...]
    text: str
    ids: Ints
    places: Ints
    learned: NDArray[np.bool_] | None = None

    def to_json(self) -> dict[str, Any]:
        """The row as a JSON value."""
        pieces = [piece.to_json() for piece in self.pieces]
        if self.learned is not None:
            at = 0
            for piece, value in zip(self.pieces, pieces, strict=True):
                begin = at + (piece.front is not None)
                value["learned"] = runs(self.learned[begin : at + len(piece)], piece.start)
                at += len(piece)
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

    def _repr_html_(self) -> str:
        where = [
            ", ".join(
                f"{piece.document:,} of {piece.input or piece.corpus or piece.split}"
                for piece in row.pieces[:_SHOWN]
            )
            for row in self.rows
        ]
        rows = [
            (row.row, row.sample, len(row.x), len(row.pieces), place, row.text[:_SHOWN_CHARACTERS])
            for row, place in zip(self.rows, where, strict=True)
        ]
        columns = ("row", "sample", "tokens", "documents", "the first ones", "text")
        return display("Rows" if self.step is None else f"Step {self.step:,}", {}, columns, rows)


def runs(flags: NDArray[np.bool_], start: int = 0) -> list[list[int]]:
    """Where flags are set: `[first, last (exclusive)]` of each run, counted from `start`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])))) + start
    found: list[list[int]] = edges.reshape(-1, 2).tolist()
    return found


def trace(
    order: Order,
    samples: Sequence[int],
    *,
    step: int | None = None,
    first_row: int = 0,
    targets: bool = False,
) -> Trace:
    """Where the rows of samples are from.

    Args:
        order: The order of the run.
        samples: Their numbers.
        step: The number of the batch that they are of, if they are of one.
        first_row: The number of the first of them in that batch.
        targets: Whether the pieces and the text are those of y, the tokens that losses are of.

    Raises:
        IndexError: If a number is negative.
    """
    x, y = _rows(order, samples)
    spans = order.spans(samples, targets=targets)
    ids = _ids(order, spans)
    ends = np.concatenate(([0], np.cumsum(spans.places)))[spans.first[1:]]
    places = _places(order, spans)
    fronts = np.full(len(spans.starts), -1) if spans.bos is None else spans.bos
    loss = order.stream.stream(LOSS) if LOSS in order.stream.streams and not order.fim else None
    moved = None
    if order.fim:
        moved = _rows(Order(order.stream, order.options.replace(loss=False, documents=False)), samples)[
            targets
        ]
    rows = []
    for number, (first, last) in enumerate(itertools.pairwise(spans.first.tolist())):
        columns = (spans.starts, spans.lengths, fronts)
        row = [*zip(*(column[first:last].tolist() for column in columns), strict=True)]
        pieces = [piece for span in row for piece in _pieces(order.stream, *span)]
        learned = None
        if loss is not None:
            front = [loss.fill if _is_joined(order) else 0]
            items = [front * (bos >= 0) + loss[start : start + size].tolist() for start, size, bos in row]
            learned = np.array([*itertools.chain(*items)]) != 0
        end = int(ends[number])
        used = sum(size + (bos >= 0) for _, size, bos in row)
        here = places[end - used : end]
        if moved is not None:
            ids[end - used : end] = np.where(
                moved[number, here] < 0, ids[end - used : end], moved[number, here]
            )
        rows.append(
            TracedRow(
                first_row + number,
                int(samples[number]),
                x[number, here],
                y[number, here],
                tuple(pieces),
                decode_rows(order, ids[end - used : end]),
                ids[end - used : end],
                here,
                learned,
            )
        )
    return Trace(step, tuple(rows))


def _rows(order: Order, samples: Sequence[int]) -> tuple[Ints, Ints]:
    """x, and y of the next token."""
    x, y = order.rows(samples)[:2]
    return x, y[:, 0] if y.ndim == 3 else y


def _ids(order: Order, spans: Spans) -> Ints:
    """int64: the ids of spans, those in front included."""
    reader = order.source.reader
    copy = None if spans.bos is None else SpanCopy(spans.lengths, spans.places)
    ids = reader.gather_items(reader.locate(spans.starts, spans.lengths), spans.lengths, copy)
    if spans.bos is not None:
        has_front = spans.bos >= 0
        ids[(np.cumsum(spans.places) - spans.places)[has_front]] = spans.bos[has_front]
    return ids.astype(np.int64)


def _places(order: Order, spans: Spans) -> Ints:
    """int64: where in its row each id of spans is; each may be followed by padding."""
    multiple = order.sampler.pad_to_multiple if isinstance(order.sampler, SpanSampler) else 1
    padded = spans.places + -spans.places % multiple
    begins = np.cumsum(padded) - padded
    in_row = begins - np.repeat(np.append(begins, 0)[spans.first[:-1]], np.diff(spans.first))
    return ranges(in_row, spans.places)


def _pieces(stream: TokenStream, start: int, length: int, front: int) -> list[Piece]:
    """The pieces of a span; the first one has the id in front."""
    if front < 0:
        return stream.pieces(start, start + length)
    first, *others = stream.pieces(start, start + max(length, 1))
    stop = start if not length else first.stop
    return [dataclasses.replace(first, stop=stop, front=front), *others]


def _is_joined(order: Order) -> bool:
    return isinstance(order.sampler, SpanSampler) and order.sampler.joined


__all__ = ["Trace", "TracedRow", "runs", "trace"]
