"""Windows of a stream whose shards are not all on this machine.

A shard is asked for when it is read and not kept. The windows of the coming steps are known: their shards are
announced, so that they are fetched ahead; some samplers can also say which shards are read for some time, and
which after them. Where those steps need more shards than there is room for, as a
random sampler does, the tokens of many steps are read in one pass over the shards and kept: a shard is then
fetched once for some thousand windows, and not once for each batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.reader import StreamReader
from corpuskit.batches.span_copy import SpanCopy
from corpuskit.batches.stream import Stream
from corpuskit.ranges import ranges
from corpuskit.samplers.base import ShardGroups

#: Tokens that one pass over the shards reads at most, a batch excepted: 16 or 32 MiB.
PASS_TOKENS = 2**23


@dataclasses.dataclass(frozen=True, slots=True)
class _Spans:
    """Spans of the stream: where they start, and how many tokens they have."""

    starts: Ints
    lengths: Ints


class _Kept:
    """The tokens of some spans, found by where a span starts.

    Args:
        spans: The spans; of several with one start, the longest counts.
        tokens: Their tokens, one span after another.
    """

    def __init__(self, spans: _Spans, tokens: NDArray[Any]) -> None:
        self.tokens = tokens
        places = np.cumsum(spans.lengths) - spans.lengths
        order = np.lexsort((-spans.lengths, spans.starts))
        starts, first = np.unique(spans.starts[order], return_index=True)
        self._starts = starts
        self._places = places[order][first]
        self._lengths = spans.lengths[order][first]

    def find(self, spans: _Spans) -> Ints | None:
        """Where spans begin in the tokens; None if one is not among them."""
        at = np.minimum(np.searchsorted(self._starts, spans.starts), len(self._starts) - 1)
        if (self._starts[at] != spans.starts).any() or (self._lengths[at] < spans.lengths).any():
            return None
        found: Ints = self._places[at]
        return found


class StreamedReader(StreamReader):
    """Reads as `WindowReader` does, from shards that come and go.

    Args:
        stream: The stream.
        length: Items of a window; see `StreamReader`.
        num_behind: How many items behind a span `gather_behind` will be asked for: they are read with it.
    """

    looks_ahead = True

    def __init__(self, stream: Stream, length: int, *, num_behind: int = 0) -> None:
        super().__init__(stream, length)
        self._num_behind = num_behind
        self._stream = stream
        self._parts = stream.parts()
        # Threads may share a reader: they replace these, and never change them.
        self._coming = _Spans(np.empty(0, np.int64), np.empty(0, np.int64))
        self._kept: _Kept | None = None
        self._now: list[int] = []
        self._then: list[int] = []

    def expect(self, upcoming: ShardGroups | None) -> None:
        """The shards that are read for some time; the next windows or spans are announced with them."""
        places = ((), ()) if upcoming is None else upcoming
        self._now, self._then = (
            (np.searchsorted(self._shard_starts, at, side="right") - 1).tolist() for at in places
        )

    def locate(self, starts: Ints, lengths: Ints | int | None = None) -> Ints:
        """`~start` for each window or span, which is announced."""
        self._ends(starts, lengths)
        sizes: Ints = np.full(len(starts), self._length) if lengths is None else np.asarray(lengths)
        if self._num_behind:
            sizes = np.minimum(sizes + self._num_behind, self._shard_starts[-1] - starts)
        self._coming = _Spans(starts, sizes)
        self._announce(self._shards_of(self._coming), [*self._now, *self._then])
        return ~starts

    def gather(self, located: Ints) -> NDArray[Any]:
        """The windows' items, copied: dtype of the stream, shape (n, length)."""
        spans = _Spans(~located, np.full(len(located), self._length))
        return self._tokens(spans).reshape(len(located), self._length)

    def gather_spans(
        self, located: Ints, lengths: Ints, copy: SpanCopy | None = None
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The items of spans, [sum(lengths)], one span after another, and those after them, [n]; copied."""
        tokens = self._tokens(_Spans(~located, lengths + 1))
        last = np.cumsum(lengths + 1) - 1
        items = np.delete(tokens, last)
        return items if copy is None else copy.spread(items), tokens[last]

    def gather_items(self, located: Ints, lengths: Ints, copy: SpanCopy | None = None) -> NDArray[Any]:
        """The items of spans, [sum(lengths)], one span after another, copied; none after them is read."""
        items = self._tokens(_Spans(~located, lengths))
        return items if copy is None else copy.spread(items)

    def gather_behind(self, located: Ints, starts: Ints, lengths: Ints, counts: Ints) -> NDArray[Any]:
        """The items behind spans; they are found with the spans' own, which are kept by where they start."""
        sizes = lengths + counts
        return self.gather_items(located, sizes)[ranges(np.cumsum(sizes) - counts, counts)]

    def _tokens(self, spans: _Spans) -> NDArray[Any]:
        """The tokens of spans, one span after another."""
        kept = self._kept
        places = kept.find(spans) if kept is not None else None
        if places is None:
            coming = self._to_read_with(spans)
            if coming is None:
                return self._read(spans)
            kept = self._kept = _Kept(coming, self._read(coming))
            places = kept.find(spans)
            if places is None:
                return self._read(spans)
        assert kept is not None
        return kept.tokens[ranges(places, spans.lengths)]

    def _to_read_with(self, spans: _Spans) -> _Spans | None:
        """The announced spans to read in one pass with some of them, if a pass for these alone is a waste."""
        coming = self._coming
        if self._now:
            # Those of now are read for longer than a pass would last; other corpora's may be anywhere.
            known = {id(self._parts[number][0]) for number in self._now}
            others = [n for n in self._shards_of(coming) if id(self._parts[n][0]) not in known]
            if self._fits([*self._now, *others]):
                return None
        at = np.flatnonzero(coming.starts == spans.starts[0]).tolist() if len(spans.starts) else []
        if not at or self._fits(self._shards_of(coming)):
            return None
        begin = at[0]
        total = np.cumsum(coming.lengths[begin:])
        stop = begin + max(int(np.searchsorted(total, PASS_TOKENS)), len(spans.starts))
        return _Spans(coming.starts[begin:stop], coming.lengths[begin:stop])

    def _read(self, spans: _Spans) -> NDArray[Any]:
        """The tokens of spans, shard by shard; those that are on this machine first."""
        out = np.empty(int(spans.lengths.sum()), self._dtype)
        places = np.cumsum(spans.lengths) - spans.lengths
        numbers = sorted(self._shards_of(spans), key=lambda number: not self._is_here(number))
        if not self._fits(numbers):  # else what was announced is better: it reaches further
            self._announce(numbers)
        for number in numbers:
            shard, base = self._stream.shard(number), int(self._shard_starts[number])
            first = np.maximum(spans.starts, base)
            last = np.minimum(spans.starts + spans.lengths, int(self._shard_starts[number + 1]))
            here = np.flatnonzero(last > first)
            lengths = (last - first)[here]
            target = places[here] + (first - spans.starts)[here]
            within = ranges(first[here] - base, lengths)
            out[ranges(target, lengths)] = self._fill if shard is None else shard[within]
            del shard
        return out

    def _shards_of(self, spans: _Spans) -> list[int]:
        """The shards that spans touch, in the order in which they first do."""
        if not len(spans.starts):
            return []
        first = np.searchsorted(self._shard_starts, spans.starts, side="right") - 1
        last = (
            np.searchsorted(self._shard_starts, spans.starts + np.maximum(spans.lengths, 1) - 1, side="right")
            - 1
        )
        numbers = ranges(first, last - first + 1)
        unique, at = np.unique(numbers, return_index=True)
        found: list[int] = unique[np.argsort(at)].tolist()
        return found

    def _is_here(self, number: int) -> bool:
        split, shard = self._parts[number]
        return split.is_here(shard)

    def _fits(self, numbers: list[int]) -> bool:
        return all(split.fits(shards) for split, shards in self._by_split(numbers))

    def _announce(self, numbers: list[int], expected: Sequence[int] = ()) -> None:
        """Say which shards are read next, and which of the same splits for some time."""
        again = {id(split) for split, _ in self._by_split(expected)}
        for split, shards in self._by_split(list(dict.fromkeys((*numbers, *expected)))):
            if id(split) in again:
                split.will_need(shards, again=True)
            else:
                split.will_need(shards)

    def _by_split(self, numbers: Sequence[int]) -> list[tuple[Stream, list[int]]]:
        """The streamed splits among the shards', each with its own shards' numbers."""
        found: dict[int, tuple[Stream, list[int]]] = {}
        for number in numbers:
            split, shard = self._parts[number]
            if split.is_streamed:
                found.setdefault(id(split), (split, []))[1].append(shard)
        return list(found.values())
