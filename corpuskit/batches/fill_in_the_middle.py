"""Fill in the middle: documents whose middle comes last, so that a model learns to write what is missing.

Bavarian and others, "Efficient training of language models to fill in the middle" (2022), on tokens and in
the order of Megatron-LM. A document, or as much of it as a row has, is cut at two places into prefix, middle
and suffix. PSM is `<prefix> prefix <suffix> suffix <middle> middle`, and SPM
`<prefix> <suffix> suffix <middle> prefix middle`. The three tokens take the places of the suffix's last
three, or, of one that has no more than those, of the first three that are in the prefix and the middle. So
nothing else in the row moves, and a middle ends where it ends in the document.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints, Words
from corpuskit.batches.fim_options import Fim
from corpuskit.batches.joined import JoinedRows
from corpuskit.batches.masking import hide, show
from corpuskit.batches.reader import StreamReader
from corpuskit.batches.rows import RowSource, SpanRows, Values, WindowRows
from corpuskit.batches.segments import IGNORED, DocumentEnds, Segments
from corpuskit.batches.span_copy import Items, SpanCopy
from corpuskit.batches.windows import widen
from corpuskit.samplers.counter import hash_words, multiply_high, philox
from corpuskit.value_streams import LOSS

#: Tokens that make room for others.
_NUM_TOKENS = 3


class _Whole(NamedTuple):
    """Spans with the targets of their last tokens: of each, where it starts, its tokens, and its places.

    A row's places are one after another, those of rows as well.
    """

    first: Ints
    starts: Ints
    lengths: Ints
    places: Ints

    @property
    def begins(self) -> Ints:
        """int64[m]: the first place of each; the places of ids in front come first."""
        return np.cumsum(self.places) - self.places

    @property
    def row_begins(self) -> Ints:
        """int64[n]: the first place of each row."""
        return np.append(self.begins, 0)[self.first[:-1]]


@dataclasses.dataclass
class FimRows:
    """Rows, and which pieces of documents in them are changed.

    Args:
        inner: The rows as they were.
        first: int64[n + 1], the first changed piece of each row.
        begins: int64[k], where a piece begins in its row, targets of last tokens counted.
        lengths: int64[k], how many tokens it has.
        cuts: Two uint64[k], random bits of its two cuts.
        is_spm: bool[k], whether its suffix comes first.
        beside: Where the streams of values are in memory.
        moved: What becomes of the rows; made when it is first asked for.
    """

    inner: Any
    first: Ints
    begins: Ints
    lengths: Ints
    cuts: tuple[Words, Words]
    is_spm: NDArray[np.bool_]
    beside: Mapping[str, Ints]
    moved: _Moved | None = None

    def cut(self, start: int, stop: int) -> FimRows:
        """Rows `start` to `stop`."""
        a, b = self.first[start], self.first[stop]
        c, d = (start, stop) if isinstance(self.inner, WindowRows) else self.inner.first[[start, stop]]
        return FimRows(
            self.inner.cut(start, stop),
            self.first[start : stop + 1] - a,
            self.begins[a:b],
            self.lengths[a:b],
            (self.cuts[0][a:b], self.cuts[1][a:b]),
            self.is_spm[a:b],
            {name: located[c:d] for name, located in self.beside.items()},
        )

    def num_pieces(self) -> int:
        """How many pieces the rows are in."""
        return max(int(self.inner.num_pieces()), len(self.begins))

    def all_padding(self) -> NDArray[np.bool_]:
        """bool[n]: whether a row is nothing but padding."""
        found: NDArray[np.bool_] = self.inner.all_padding()
        return found


@dataclasses.dataclass(frozen=True)
class _Moved:
    """Where the items of rows go: copied in pieces, and the three tokens put between them."""

    ids: NDArray[Any]
    copy: SpanCopy | None
    sources: Ints
    tokens: Ints

    def items(self, items: NDArray[Any], fill: float) -> NDArray[Any]:
        """Items beside the ids, moved as they are; those of the three tokens are the fill."""
        if self.copy is None:
            return items
        out = _copied(self.copy, items, self.sources)
        out[self.tokens] = fill
        return out


class FimSource:
    """Reads the rows of another source with documents filled in the middle.

    Args:
        source: The other source, of windows or of spans.
        fim: How documents are changed.
        seed: That of the run.
        ends: Gives the ends of the stream's documents; None where each span is in one document.
        num_ids: What all ids are below, if that is known.
    """

    def __init__(
        self,
        source: RowSource[Any],
        fim: Fim,
        *,
        seed: int,
        ends: Callable[[], DocumentEnds] | None,
        num_ids: int | None,
    ) -> None:
        self._source, self._fim, self._ends = source, fim, ends
        self._key, self._stream = hash_words("fim", seed)
        self._num_ids = None if num_ids is None else max(num_ids, *(one + 1 for one in fim.ids))
        self.block_size: int = source.block_size
        self.reader: StreamReader = source.reader
        self.beside: Mapping[str, Values] = source.beside

    def resolve(self, samples: Ints) -> FimRows:
        """The rows of samples of the global order, with what is drawn for their documents."""
        inner = self._source.resolve(samples)
        whole = self._whole(inner)
        row, begins, lengths = self._documents(inner, whole)
        first = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(samples)))))
        counters = philox(samples.astype(np.uint64), stream=self._stream, key=self._key)[0][row]
        counters += (np.arange(len(row)) - first[row]).astype(np.uint64)
        drawn, order = self._drawn(counters, 1)
        is_changed = (lengths > _NUM_TOKENS) & (_unit(drawn) < self._fim.rate)
        row, counters = row[is_changed], counters[is_changed]
        return FimRows(
            inner,
            np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(samples))))),
            begins[is_changed],
            lengths[is_changed],
            self._drawn(counters, 2),
            _unit(order[is_changed]) < self._fim.spm_rate,
            {name: each.reader.locate(whole.starts, whole.lengths) for name, each in self.beside.items()},
        )

    def read(self, rows: FimRows, learned: NDArray[np.uint8] | None = None) -> tuple[Ints, Ints]:
        """Read x and y, int64 (n, T), contiguous and the caller's own; y is -100 where `learned` is 0."""
        inner, ids = rows.inner, self._moved(rows).ids
        if learned is not None:
            ids = ids.copy()  # it is written over
        if isinstance(inner, WindowRows | JoinedRows):
            return widen(ids.reshape(-1, self.block_size + 1), learned, self._num_ids)
        x, targets = (self._part(inner, ids, shift) for shift in (0, 1))
        if learned is None:
            y = targets.astype(np.int64)
        else:
            y = show(hide(targets, learned.reshape(-1), self._num_ids))
        x, padding = x.astype(np.int64), inner.padded()
        x[padding] = 0
        y[padding] = IGNORED
        y[inner.broken_places()] = IGNORED
        return x.reshape(-1, self.block_size), y.reshape(-1, self.block_size)

    def values(self, rows: FimRows, name: str) -> NDArray[Any]:
        """Read a stream of values, (n, T) in its dtype, the caller's own; the three tokens have its fill."""
        shift, fill = self.beside[name].shift, self.beside[name].stream.fill
        inner, items = rows.inner, self._items(rows, name)
        if isinstance(inner, WindowRows | JoinedRows):
            wide = items.reshape(-1, self.block_size + 1)
            return np.ascontiguousarray(wide[:, shift : shift + self.block_size])
        return self._hidden(inner, self._part(inner, items, shift), fill, shift)

    def learned(self, rows: FimRows) -> NDArray[Any]:
        """Read the stream "loss" for `read`: its last T columns are of y, and padding is 0 in them."""
        inner, items = rows.inner, self._items(rows, LOSS)
        if isinstance(inner, WindowRows | JoinedRows):
            return items.reshape(-1, self.block_size + 1)
        return self._hidden(inner, self._part(inner, items, 1), 0, 1)

    def documents(self, rows: FimRows) -> tuple[Segments, Ints]:
        """Where the documents are: where they were, as each keeps its places."""
        return self._source.documents(rows.inner)

    def target_spans(self, rows: FimRows) -> tuple[Ints, Ints]:
        """The flat y in pieces of the stream, as they were: each target is of the same document."""
        return self._source.target_spans(rows.inner)

    def _drawn(self, counters: Words, number: int) -> tuple[Words, Words]:
        return philox(counters, stream=(self._stream + number) % 2**64, key=self._key)

    def _whole(self, inner: Any) -> _Whole:
        if isinstance(inner, WindowRows):
            lengths = np.full(len(inner.starts), self.block_size + 1)
            return _Whole(np.arange(len(lengths) + 1), inner.starts, lengths, lengths)
        more = not isinstance(inner, JoinedRows)
        return _Whole(inner.first, inner.starts, inner.lengths + more, inner.places + more)

    def _documents(self, inner: Any, whole: _Whole) -> tuple[Ints, Ints, Ints]:
        """Of each piece of a document: its row, where it begins in it, and how many tokens it has."""
        rows = np.repeat(np.arange(len(whole.first) - 1), np.diff(whole.first))
        begins = whole.begins + whole.places - whole.lengths - whole.row_begins[rows]
        lengths = whole.lengths
        if isinstance(inner, SpanRows):
            lengths = np.where(inner.padding, 0, lengths)
        if self._ends is not None:
            spans, places = self._ends().within(whole.starts, lengths)
            is_inner = places < lengths[spans]
            spans, places = spans[is_inner], places[is_inner]
            counts = 1 + np.bincount(spans, minlength=len(lengths))
            lasts = np.cumsum(counts) - 1
            is_head = np.zeros(int(counts.sum()), np.bool_)
            is_head[lasts + 1 - counts] = True
            at = np.zeros(len(is_head), np.int64)
            at[~is_head] = places
            stops = np.append(at[1:], 0)
            stops[lasts] = lengths
            rows, begins, lengths = np.repeat(rows, counts), np.repeat(begins, counts) + at, stops - at
        if lengths.all():
            return rows, begins, lengths
        some = lengths > 0  # padding has none, so it changes no piece's number
        return rows[some], begins[some], lengths[some]

    def _moved(self, rows: FimRows) -> _Moved:
        """What becomes of rows."""
        if rows.moved is None:
            rows.moved = self._move(rows)
        return rows.moved

    def _move(self, rows: FimRows) -> _Moved:
        whole = self._whole(rows.inner)
        ids = self._read(rows.inner, whole)
        row = np.repeat(np.arange(len(rows.first) - 1), np.diff(rows.first))
        begins = rows.begins + whole.row_begins[row]
        is_fixed = self._is_control(ids[begins]), self._is_control(ids[begins + rows.lengths - 1])
        begins, sizes = begins + is_fixed[0], rows.lengths - is_fixed[0] - is_fixed[1]
        some = sizes > _NUM_TOKENS
        begins, sizes, is_spm = begins[some], sizes[some], rows.is_spm[some]
        if not len(begins):
            return _Moved(ids, None, begins, begins)
        places = (sizes + 1).astype(np.uint64)
        cuts = [multiply_high(one[some], places).astype(np.int64) for one in rows.cuts]
        low, high = np.minimum(*cuts), np.maximum(*cuts)
        from_suffix = np.where(sizes - high > _NUM_TOKENS, _NUM_TOKENS, np.maximum(_NUM_TOKENS - high, 0))
        from_prefix = np.minimum(_NUM_TOKENS - from_suffix, low)
        from_middle = _NUM_TOKENS - from_suffix - from_prefix
        num_prefix, num_suffix = low - from_prefix, sizes - high - from_suffix
        # What was between the pieces, and of each its six parts, of which three are a token.
        starts, lengths = np.zeros((2, len(begins), 7), np.int64)
        starts[1:, 0] = (begins + sizes)[:-1]
        lengths[:, 0] = begins - starts[:, 0]
        lengths[:, 1] = 1
        suffix, prefix = np.where(is_spm, 3, 4), np.where(is_spm, 5, 2)
        each = np.arange(len(begins))
        starts[each, prefix], lengths[each, prefix] = begins + from_prefix, num_prefix
        starts[each, suffix], lengths[each, suffix] = begins + high, num_suffix
        starts[:, 6], lengths[:, 6] = begins + low + from_middle, high - low - from_middle
        lengths[each, suffix - 1] = lengths[each, suffix + 1] = 1
        end = begins[-1] + sizes[-1]
        sources, counts = np.append(starts, end), np.append(lengths, len(ids) - end)
        to_suffix = begins + np.where(is_spm, 1, 1 + num_prefix)
        tokens = np.concatenate((begins, to_suffix, to_suffix + 1 + num_suffix))
        copy = SpanCopy(counts)
        moved = _copied(copy, ids, sources)
        moved[tokens] = np.repeat(np.array(self._fim.ids, ids.dtype), len(begins))
        return _Moved(moved, copy, sources, tokens)

    def _read(self, inner: Any, whole: _Whole) -> NDArray[Any]:
        """The ids of rows as they are in the stream, those in front included."""
        if isinstance(inner, WindowRows):
            return self.reader.gather(inner.located).reshape(-1)
        if inner.bos is None:
            return self.reader.gather_items(inner.located, whole.lengths)
        ids = self.reader.gather_items(inner.located, whole.lengths, SpanCopy(whole.lengths, whole.places))
        has_front = inner.bos >= 0
        ids[whole.begins[has_front]] = inner.bos[has_front]
        return ids

    def _items(self, rows: FimRows, name: str) -> NDArray[Any]:
        """The items of a stream of values beside the ids, moved as they are."""
        whole, beside = self._whole(rows.inner), self.beside[name]
        copy = SpanCopy(whole.lengths, whole.places)
        items = beside.reader.gather_items(rows.beside[name], whole.lengths, copy)
        items[whole.begins[whole.places > whole.lengths]] = beside.stream.fill
        return self._moved(rows).items(items, beside.stream.fill)

    def _part(self, inner: SpanRows, items: NDArray[Any], shift: int) -> NDArray[Any]:
        """Of items those at the places of x, or those at the places of y."""
        places = inner.places + 1
        ends = np.cumsum(places)
        is_kept = np.ones(len(items), np.bool_)
        is_kept[ends - places if shift else ends - 1] = False
        return items[is_kept]

    def _hidden(self, inner: SpanRows, items: NDArray[Any], fill: float, shift: int) -> NDArray[Any]:
        """Items with the fill in padding, and where a target is not asked for."""
        items[inner.padded()] = fill
        if shift:
            items[inner.broken_places()] = fill
        return items.reshape(-1, self.block_size)

    def _is_control(self, ids: NDArray[Any]) -> NDArray[np.bool_]:
        control = self._fim.control
        if not len(control):
            return np.zeros(len(ids), np.bool_)
        at = np.minimum(np.searchsorted(control, ids), len(control) - 1)
        found: NDArray[np.bool_] = control[at] == ids
        return found


def _copied(copy: SpanCopy, items: NDArray[Any], sources: Ints) -> NDArray[Any]:
    return copy.copy(Items(items, np.array([len(items)])), sources)


def _unit(drawn: Words) -> NDArray[np.float64]:
    """Numbers from 0 to 1, 1 excluded."""
    found: NDArray[np.float64] = (drawn >> np.uint64(11)) * 2.0**-53
    return found


__all__ = ["FimRows", "FimSource"]
