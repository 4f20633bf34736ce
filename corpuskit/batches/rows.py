"""From sample numbers to x and y in NumPy: the sampler's answer, located in memory, gathered and widened."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.masking import hide, show
from corpuskit.batches.padding import filled_up
from corpuskit.batches.reader import StreamReader
from corpuskit.batches.segments import IGNORED, Borders, DocumentEnds, Segments, segments
from corpuskit.batches.selected import breaks_off
from corpuskit.batches.span_copy import SpanCopy
from corpuskit.batches.stream import ValueStream
from corpuskit.batches.window_plan import Rows
from corpuskit.batches.windows import widen
from corpuskit.ranges import ranges
from corpuskit.samplers.base import AnySampler, Sampler, SpanSampler
from corpuskit.value_streams import LOSS

if TYPE_CHECKING:
    from typing_extensions import Self

_Rows = TypeVar("_Rows", bound=Rows)


@dataclasses.dataclass(frozen=True, slots=True)
class Values:
    """A stream of values that is read beside the ids.

    Args:
        stream: The stream.
        reader: Reads it, in windows of T items, or of T + 1 where they are of targets.
    """

    stream: ValueStream
    reader: StreamReader

    @property
    def shift(self) -> int:
        """How far its places are behind those of x: y is one token behind."""
        return int(self.stream.of == "target")


class RowSource(Protocol[_Rows]):
    """Reads rows of one kind: single windows, or several spans.

    Attributes:
        block_size: T, tokens of x in a window.
        reader: Reads the stream.
        beside: The streams of values that are read beside it, by their names.
    """

    block_size: int
    reader: StreamReader
    beside: Mapping[str, Values]

    def resolve(self, samples: Ints) -> _Rows:
        """The rows of samples of the global order."""
        ...

    def read(self, rows: _Rows, learned: NDArray[np.uint8] | None = None) -> tuple[Ints, Ints]:
        """Read x and y, int64 (n, T), contiguous and the caller's own; y is -100 where `learned` is 0."""
        ...

    def values(self, rows: _Rows, name: str) -> NDArray[Any]:
        """Read a stream of values, (n, T) in its dtype, the caller's own; padding has the stream's fill."""
        ...

    def learned(self, rows: _Rows) -> NDArray[Any]:
        """Read the stream "loss" for `read`: its last T columns are of y, and padding is 0 in them."""
        ...

    def documents(self, rows: _Rows) -> tuple[Segments, Ints]:
        """Where the documents are, and int64[k], the places of the flat y that belong to another than x."""
        ...

    def target_spans(self, rows: _Rows) -> tuple[Ints, Ints]:
        """The flat y in pieces: int64[m], where each starts in the stream, or -1, and int64[m], its size."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class WindowRows:
    """Rows that are single windows: where they start in the stream, and where they are in memory.

    And where documents end in them, if that was asked for, and where streams of values are in memory.
    """

    starts: Ints
    located: Ints
    borders: Borders | None = None
    beside: Mapping[str, Ints] = dataclasses.field(default_factory=dict)

    def cut(self, start: int, stop: int) -> WindowRows:
        """Rows `start` to `stop`."""
        borders = self.borders.cut(start, stop) if self.borders else None
        beside = _cut(self.beside, start, stop) if self.beside else self.beside
        return WindowRows(self.starts[start:stop], self.located[start:stop], borders, beside)

    def num_pieces(self) -> int:
        """How many segments of documents the rows are in, if that was asked for; else how many rows."""
        return self.borders.num_segments() if self.borders else len(self.starts)

    def all_padding(self) -> NDArray[np.bool_]:
        """bool[n]: none of them is."""
        return np.zeros(len(self.starts), np.bool_)


class WindowSource:
    """Rows of a sampler that gives starts.

    Args:
        sampler: The sampler.
        reader: Reads the stream.
        block_size: T, tokens of x in a window.
        ends: Gives the ends of the stream's documents, for rows that will be asked about them.
        beside: The streams of values that are read beside the ids.
        num_ids: What all ids are below, if that is known.
    """

    def __init__(
        self,
        sampler: Sampler,
        reader: StreamReader,
        block_size: int,
        ends: Callable[[], DocumentEnds] | None = None,
        beside: Mapping[str, Values] | None = None,
        num_ids: int | None = None,
    ) -> None:
        self._sampler = sampler
        self.block_size = block_size
        self._ends = ends
        self.reader = reader
        self.beside = beside or {}
        self._num_ids = num_ids

    def resolve(self, samples: Ints) -> WindowRows:
        """The rows of samples of the global order."""
        look_ahead(self.reader, self._sampler, samples)
        starts = self._sampler.starts(samples)
        borders = self._ends().borders(starts, self.block_size) if self._ends else None
        beside = {name: each.reader.locate(starts) for name, each in self.beside.items()}
        return WindowRows(starts, self.reader.locate(starts), borders, beside)

    def read(self, rows: WindowRows, learned: NDArray[np.uint8] | None = None) -> tuple[Ints, Ints]:
        """Read x and y, int64 (n, T), contiguous and the caller's own; y is -100 where `learned` is 0."""
        return widen(self.reader.gather(rows.located), learned, self._num_ids)

    def values(self, rows: WindowRows, name: str) -> NDArray[Any]:
        """Read a stream of values, (n, T) in its dtype, the caller's own; there is no padding."""
        beside = self.beside[name]
        return np.ascontiguousarray(beside.reader.gather(rows.beside[name])[:, beside.shift :])

    def learned(self, rows: WindowRows) -> NDArray[Any]:
        """Read the stream "loss" for `read`, (n, T + 1): as wide as the ids, because that is the fastest."""
        return self.beside[LOSS].reader.gather(rows.beside[LOSS])

    def documents(self, rows: WindowRows) -> tuple[Segments, Ints]:
        """Where the documents are, and int64[k], the places of the flat y that belong to another than x."""
        assert rows.borders is not None
        cuts = rows.borders.segments()
        return segments(cuts, len(rows.starts), self.block_size), rows.borders.foreign()

    def target_spans(self, rows: WindowRows) -> tuple[Ints, Ints]:
        """The flat y in pieces: int64[n], where each starts in the stream, and int64[n], its size."""
        return rows.starts + 1, np.full(len(rows.starts), self.block_size)


@dataclasses.dataclass(frozen=True)
class SpanRows:
    """Rows of several spans, padding included: row i is spans `first[i] .. first[i + 1] - 1`, T places long.

    `located` is where a span is in memory, or `~start` if it crosses shards. Padding is a span like the
    others, of the stream's first tokens, and is written over. `broken` says of which spans the last target
    is not asked for; None is of none. `bos` is the id in front of each span, or -1; None is in front of none.
    """

    first: Ints
    starts: Ints
    lengths: Ints
    located: Ints
    padding: NDArray[np.bool_]
    beside: Mapping[str, Ints] = dataclasses.field(default_factory=dict)
    broken: NDArray[np.bool_] | None = None
    bos: Ints | None = None

    @cached_property
    def places(self) -> Ints:
        """int64[m]: how many places each span takes, an id in front counted."""
        return self.lengths if self.bos is None else self.lengths + (self.bos >= 0)

    @property
    def begins(self) -> Ints:
        """int64[m]: where the first place of each span is in the stream; an id in front is one before it."""
        return self.starts if self.bos is None else self.starts - (self.bos >= 0)

    def positions(self) -> Ints:
        """int64[n * T]: where the tokens of x are in the stream."""
        return ranges(self.begins, self.places)

    def in_front(self) -> tuple[Ints, Ints]:
        """int64[k], the places of the rows laid out flat that have ids in front, and int64[k], the ids."""
        if self.bos is None:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        spans = np.flatnonzero(self.bos >= 0)
        return (np.cumsum(self.places) - self.places)[spans], self.bos[spans]

    def cut(self, start: int, stop: int) -> Self:
        """Rows `start` to `stop`."""
        a, b = self.first[start], self.first[stop]
        return type(self)(
            self.first[start : stop + 1] - a,
            self.starts[a:b],
            self.lengths[a:b],
            self.located[a:b],
            self.padding[a:b],
            _cut(self.beside, a, b) if self.beside else self.beside,
            None if self.broken is None else self.broken[a:b],
            None if self.bos is None else self.bos[a:b],
        )

    @cached_property
    def copy(self) -> SpanCopy:
        """How the spans are copied, out of the ids and out of streams beside them."""
        return SpanCopy(self.lengths, None if self.bos is None else self.places)

    @cached_property
    def targets_copy(self) -> SpanCopy:
        """The same of streams of targets: an id in front has one, the span's first token."""
        return self.copy if self.bos is None else SpanCopy(self.places)

    def broken_places(self) -> Ints:
        """int64[k]: the places of the flat y that are not asked for, beside the padding."""
        if self.broken is None:
            return np.empty(0, np.int64)
        return np.cumsum(self.places)[self.broken] - 1

    def padded(self) -> Ints:
        """int64[k]: the places of the rows laid out flat that are padding."""
        padded = np.flatnonzero(self.padding)
        lengths = self.lengths[padded]
        return ranges(np.cumsum(self.places)[padded] - lengths, lengths)

    def num_pieces(self) -> int:
        """How many spans there are."""
        return len(self.starts)

    def all_padding(self) -> NDArray[np.bool_]:
        """bool[n]: whether a row begins with its padding."""
        return self.padding[self.first[:-1]]


class SpanSource:
    """Rows of a sampler that gives spans; arguments as those of `WindowSource`."""

    def __init__(
        self,
        sampler: SpanSampler,
        reader: StreamReader,
        block_size: int,
        ends: Callable[[], DocumentEnds] | None = None,
        beside: Mapping[str, Values] | None = None,
        num_ids: int | None = None,
    ) -> None:
        self._sampler = sampler
        self.block_size = block_size
        self._ends = None if sampler.inside_documents else ends
        self.reader = reader
        self.beside = beside or {}
        self._num_ids = num_ids
        self._multiple = sampler.pad_to_multiple

    def resolve(self, samples: Ints) -> SpanRows:
        """The rows of samples of the global order, each filled up to T with a span of padding."""
        look_ahead(self.reader, self._sampler, samples)
        filled, padding = filled_up(self._sampler.spans(samples), self.block_size, self._multiple)
        spans = SpanRows(filled.first, filled.starts, filled.lengths, filled.starts, padding, bos=filled.bos)
        located = self.reader.locate(spans.starts, spans.lengths + 1)
        broken = None
        if (breaks := self._sampler.breaks) is not None:
            broken = breaks_off(breaks, spans.starts + spans.lengths) & ~spans.padding
        beside = {
            name: each.reader.locate(spans.begins + 1, spans.places)
            if each.shift
            else each.reader.locate(spans.starts, spans.lengths)
            for name, each in self.beside.items()
        }
        return dataclasses.replace(spans, located=located, beside=beside, broken=broken)

    def read(self, rows: SpanRows, learned: NDArray[np.uint8] | None = None) -> tuple[Ints, Ints]:
        """Read x and y, int64 (n, T), contiguous and the caller's own; padding is 0 in x and -100 in y.

        And y is -100 where `learned` is 0.
        """
        shape = (len(rows.first) - 1, self.block_size)
        is_single = rows.bos is None and len(rows.starts) == shape[0] and not rows.padding.any()
        if is_single and learned is None:
            # Each row is one span, and read as a window is: 100 us for 64 x 1024 where spans take 300.
            both = widen(self.reader.gather(rows.located), None, self._num_ids)
            both[1].reshape(-1)[rows.broken_places()] = IGNORED
            return both
        ids, last = self.reader.gather_spans(rows.located, rows.lengths, rows.copy)
        if rows.bos is not None:
            places, front = rows.in_front()
            ids[places] = front
        x = ids.astype(np.int64)
        # Not copied from x: large arrays are just so far apart that loads would wait for stores.
        y: NDArray[Any] = np.empty_like(x if learned is None else ids)
        y[:-1] = ids[1:]
        y[np.cumsum(rows.places) - 1] = last
        if learned is not None:
            y = show(hide(y, learned.reshape(-1), self._num_ids))
        if rows.padding.any():
            padding = rows.padded()
            x[padding] = 0
            y[padding] = IGNORED
        y[rows.broken_places()] = IGNORED
        return x.reshape(shape), y.reshape(shape)

    def values(self, rows: SpanRows, name: str) -> NDArray[Any]:
        """Read a stream of values, (n, T) in its dtype, the caller's own; padding has the stream's fill.

        So have ids in front, and a target that is not asked for because its document was not selected.
        """
        return self._values(rows, name, self.beside[name].stream.fill)

    def learned(self, rows: SpanRows) -> NDArray[Any]:
        """Read the stream "loss" for `read`, (n, T); padding is 0."""
        return self._values(rows, LOSS, 0)

    def _values(self, rows: SpanRows, name: str, padding: float) -> NDArray[Any]:
        shift, reader = self.beside[name].shift, self.beside[name].reader
        lengths, copy = (rows.places, rows.targets_copy) if shift else (rows.lengths, rows.copy)
        values = reader.gather_items(rows.beside[name], lengths, copy)
        if not shift and rows.bos is not None:
            values[rows.in_front()[0]] = padding
        if rows.padding.any():
            values[rows.padded()] = padding
        if shift:
            values[rows.broken_places()] = padding
        return values.reshape(len(rows.first) - 1, self.block_size)

    def documents(self, rows: SpanRows) -> tuple[Segments, Ints]:
        """Where the documents are, and int64[k], the places of the flat y that belong to another than x.

        Each span is a segment, and each document in a span. Padding that makes a segment's places a multiple
        of a number is the segment's own.
        """
        begins = cuts = np.cumsum(rows.places) - rows.places
        padding = None
        if self._multiple > 1:
            cuts = begins[~rows.padding | (rows.places % self._multiple == 0)]
            padding = begins[rows.padding], rows.lengths[rows.padding]
        foreign = np.empty(0, np.int64)
        if self._ends is not None:
            real = np.flatnonzero(~rows.padding)
            spans, places = self._ends().within(rows.starts[real], rows.lengths[real])
            spans = real[spans]
            places += (rows.places - rows.lengths)[spans]
            ends = begins[spans] + places
            foreign = ends - 1
            cuts = np.sort(np.concatenate((cuts, ends[places < rows.places[spans]])))
        return segments(cuts, len(rows.first) - 1, self.block_size, padding), foreign

    def target_spans(self, rows: SpanRows) -> tuple[Ints, Ints]:
        """The flat y in pieces: int64[m], where each starts in the stream, or -1, and int64[m], its size."""
        starts = np.where(rows.padding, -1, rows.begins + 1)
        if rows.broken is None:
            return starts, rows.places
        after = np.flatnonzero(rows.broken) + 1
        return np.insert(starts, after, -1), np.insert(rows.places - rows.broken, after, 1)


def look_ahead(reader: StreamReader, sampler: AnySampler, samples: Ints) -> None:
    """Tell a reader that gets shards as they are needed which ones are needed from some samples on."""
    if reader.looks_ahead and len(samples):
        reader.expect(sampler.upcoming(int(samples[0])))


def _cut(beside: Mapping[str, Ints], start: int, stop: int) -> Mapping[str, Ints]:
    """Of where streams of values are, some of the places."""
    return {name: located[start:stop] for name, located in beside.items()}
