"""Rows of T + 1 tokens that are joined from spans: x is all but the last of them, y all but the first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.rows import SpanRows, SpanSource, look_ahead
from corpuskit.batches.segments import Borders, Segments, segments
from corpuskit.batches.windows import widen
from corpuskit.samplers.base import Spans
from corpuskit.value_streams import LOSS


class JoinedRows(SpanRows):
    """Rows of T + 1 places, none of them padding; streams of values are at the places of the ids."""


class JoinedSource(SpanSource):
    """Rows of a sampler whose spans are joined; arguments as those of `WindowSource`."""

    def resolve(self, samples: Ints) -> JoinedRows:
        """The rows of samples of the global order."""
        look_ahead(self.reader, self._sampler, samples)
        first, starts, lengths, bos = self._sampler.spans(samples)
        located = self.reader.locate(starts, lengths)
        beside = {name: each.reader.locate(starts, lengths) for name, each in self.beside.items()}
        return JoinedRows(first, starts, lengths, located, np.zeros(len(starts), np.bool_), beside, bos=bos)

    def read(self, rows: SpanRows, learned: NDArray[np.uint8] | None = None) -> tuple[Ints, Ints]:
        """Read x and y, int64 (n, T), contiguous and the caller's own; y is -100 where `learned` is 0."""
        ids = self.reader.gather_items(rows.located, rows.lengths, rows.copy)
        if rows.bos is not None:
            places, front = rows.in_front()
            ids[places] = front
        return widen(ids.reshape(-1, self.block_size + 1), learned, self._num_ids)

    def values(self, rows: SpanRows, name: str) -> NDArray[Any]:
        """Read a stream of values, (n, T) in its dtype, the caller's own; ids in front have its fill."""
        shift = self.beside[name].shift
        return np.ascontiguousarray(self._wide(rows, name)[:, shift : shift + self.block_size])

    def learned(self, rows: SpanRows) -> NDArray[Any]:
        """Read the stream "loss" for `read`, (n, T + 1), as wide as the ids."""
        return self._wide(rows, LOSS)

    def _wide(self, rows: SpanRows, name: str) -> NDArray[Any]:
        beside = self.beside[name]
        values = beside.reader.gather_items(rows.beside[name], rows.lengths, rows.copy)
        if rows.bos is not None:
            values[rows.in_front()[0]] = beside.stream.fill
        return values.reshape(-1, self.block_size + 1)

    def documents(self, rows: SpanRows) -> tuple[Segments, Ints]:
        """Where the documents are, and int64[k], the places of the flat y that belong to another than x.

        Each span is a segment, and each document in a span.
        """
        begins = np.cumsum(rows.places) - rows.places
        if self._ends is not None:
            spans, places = self._ends().within(rows.starts, np.maximum(rows.lengths - 1, 0))
            more = begins[spans] + (rows.places - rows.lengths)[spans] + places
            begins = np.sort(np.concatenate((begins, more)))
        row, place = np.divmod(begins, self.block_size + 1)
        inner = place > 0
        num_rows = len(rows.first) - 1
        borders = Borders.of(row[inner], place[inner], num_rows, self.block_size)
        return segments(borders.segments(), num_rows, self.block_size), borders.foreign()

    def target_spans(self, rows: SpanRows) -> tuple[Ints, Ints]:
        """The flat y in pieces: int64[m], where each starts in the stream, and int64[m], its size.

        An id in front stands where the token behind it does.
        """
        spans = spans_of_y(Spans(rows.first, rows.starts, rows.lengths, rows.bos), joined=True)
        front = spans.places - spans.lengths
        return np.repeat(spans.starts, 2), np.stack((front, spans.lengths), axis=1).reshape(-1)


def spans_of_x(spans: Spans) -> Spans:
    """Of the spans of joined rows those of x: all but the last token of each row."""
    lengths, bos = spans.lengths.copy(), None if spans.bos is None else spans.bos.copy()
    last = spans.first[1:] - 1
    is_front = lengths[last] == 0  # the last token is an id in front of nothing
    lengths[last[~is_front]] -= 1
    if bos is not None:
        bos[last[is_front]] = -1
    return _without_empty(Spans(spans.first, spans.starts, lengths, bos))


def spans_of_y(spans: Spans, *, joined: bool) -> Spans:
    """Spans whose tokens, ids in front included, are the targets of each row; the last may be past the end.

    Args:
        spans: What a sampler gave.
        joined: Whether they are joined.
    """
    first, starts, lengths, bos = spans
    if not joined:
        front = spans.places - lengths
        return Spans(first, starts + 1 - front, spans.places)
    starts, lengths, bos = starts.copy(), lengths.copy(), None if bos is None else bos.copy()
    heads = first[:-1]
    if bos is not None:
        has_front = bos[heads] >= 0
        bos[heads[has_front]] = -1
        heads = heads[~has_front]
    starts[heads] += 1
    lengths[heads] -= 1
    return _without_empty(Spans(first, starts, lengths, bos))


def _without_empty(spans: Spans) -> Spans:
    """The same without spans that take no place."""
    kept = spans.places > 0
    first = np.concatenate(([0], np.cumsum(kept)))[spans.first]
    bos = None if spans.bos is None else spans.bos[kept]
    return Spans(first, spans.starts[kept], spans.lengths[kept], bos)


__all__ = ["JoinedRows", "JoinedSource", "spans_of_x", "spans_of_y"]
