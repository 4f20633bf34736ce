"""Targets further ahead than the next token, for multi-token prediction: y_1 to y_n of each place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.fill_in_the_middle import FimRows
from corpuskit.batches.joined import JoinedRows
from corpuskit.batches.reader import StreamReader
from corpuskit.batches.rows import RowSource, SpanRows, Values, WindowRows
from corpuskit.batches.segments import IGNORED, Segments
from corpuskit.ranges import ranges
from corpuskit.value_streams import LOSS

#: Half a page of int64.
_APART = 256


class AheadSource:
    """Reads the rows of another source, and what is further ahead of their tokens.

    y_k of a place is y_1 of the place k - 1 further on, where that is in the same span, and else a token
    behind the span. A span's y_1 reaches to its end; behind it, tokens are taken up to where the corpus, what
    was selected, or the document ends. The document's end counts where rows are made of spans, and where
    targets in another document are hidden.

    Args:
        source: The other source.
        num_targets: n, how many targets each place has.
        ends: Gives int64[D], where documents end in the stream.
        corpus_ends: int64[C], where the corpora end in the stream.
        breaks: Those of the sampler, if it has any.
        is_masked: Whether targets in another document than their input are hidden.
        has_loss: Whether targets that the stream "loss" leaves out are hidden.
    """

    def __init__(
        self,
        source: RowSource[Any],
        num_targets: int,
        *,
        ends: Callable[[], Ints],
        corpus_ends: Ints,
        breaks: Ints | None = None,
        is_masked: bool = False,
        has_loss: bool = False,
    ) -> None:
        self._source, self._num_targets = source, num_targets
        self._ends, self._corpus_ends, self._breaks = ends, corpus_ends, breaks
        self._is_masked, self._has_loss = is_masked, has_loss
        self.block_size: int = source.block_size
        self.reader: StreamReader = source.reader
        self.beside: Mapping[str, Values] = source.beside

    def resolve(self, samples: Ints) -> Any:
        """The rows of samples of the global order."""
        return self._source.resolve(samples)

    def read(self, rows: Any, learned: NDArray[np.uint8] | None = None) -> tuple[Ints, Ints]:
        """Read x and y_1, int64 (n, T), contiguous and the caller's own; y_1 is -100 where `learned` is 0."""
        return self._source.read(rows, learned)

    def values(self, rows: Any, name: str) -> NDArray[Any]:
        """Read a stream of values, (n, T) in its dtype: at the places of x, or of y_1."""
        return self._source.values(rows, name)

    def learned(self, rows: Any) -> NDArray[Any]:
        """Read the stream "loss" for `read`."""
        return self._source.learned(rows)

    def documents(self, rows: Any) -> tuple[Segments, Ints]:
        """Where the documents are, and the places of the flat y_1 that belong to another than x."""
        return self._source.documents(rows)

    def target_spans(self, rows: Any) -> tuple[Ints, Ints]:
        """The flat y_1 in pieces; see `RowSource.target_spans`."""
        return self._source.target_spans(rows)

    def read_all(
        self, rows: Any, learned: NDArray[np.uint8] | None, foreign: Ints | None
    ) -> tuple[Ints, Ints]:
        """x, int64 (n, T), and its targets, int64 (n, num_targets, T), of which the first is y_1.

        Args:
            rows: The rows.
            learned: What `read` is told.
            foreign: int64[k], the places of the flat y_1 that belong to another document than x, if targets
                in another document are hidden.
        """
        x, first = self.read(rows, learned)
        if foreign is not None:
            first.reshape(-1)[foreign] = IGNORED
        num_rows, T = first.shape
        # Large arrays begin at the same place of a page, and loads would wait for stores: 30 us, not 180.
        memory = np.empty(_APART + first.size * self._num_targets, np.int64)[_APART:]
        targets = memory.reshape(num_rows, self._num_targets, T)
        targets[:, 0] = first
        for ahead in range(1, self._num_targets):
            targets[:, ahead, : T - ahead] = first[:, ahead:]

        def put(ahead: int, places: Ints, values: Any) -> None:
            """Change y_(ahead + 1) at places of the flat y_1."""
            memory[places + (places // T * (self._num_targets - 1) + ahead) * T] = values

        spans = _places(rows, T)
        ends = np.cumsum(spans)
        behind = self._behind(rows)
        for back in range(1, self._num_targets):
            # The last places of each span, whose target is not in it: 1 is the very last.
            has_any = spans >= back
            places, some = ends[has_any] - back, behind[has_any]
            for ahead in range(back, self._num_targets):
                put(ahead, places, some[:, ahead - back])
        if foreign is not None and len(foreign):
            begins = (ends - spans)[np.searchsorted(ends, foreign, side="right")]
            for back in range(self._num_targets - 1):
                places = (foreign - back)[foreign - back >= begins]
                for ahead in range(back + 1, self._num_targets):
                    put(ahead, places, IGNORED)
        return x, targets

    @cached_property
    def _document_ends(self) -> Ints:
        return self._ends()

    def _behind(self, rows: Any) -> Ints:
        """int64 (m, num_targets - 1): what is asked for behind each span, or -100."""
        more = self._num_targets - 1
        if isinstance(rows, WindowRows):
            after = rows.starts + self.block_size + 1
            sizes = np.full(len(after), self.block_size + 1)
            ids = loss = rows.starts, sizes
        elif isinstance(rows, SpanRows) and not isinstance(rows, JoinedRows):
            after = rows.begins + rows.places + 1
            ids, loss = (rows.starts, rows.lengths + 1), (rows.begins + 1, rows.places)
        else:  # nothing that follows these rows is behind them in the stream
            return np.full((len(_places(rows, self.block_size)), more), IGNORED)
        counts = np.clip(self._limits(rows, after - 1) - after, 0, more)
        found = self.reader.gather_behind(rows.located, *ids, counts).astype(np.int64)
        if self._has_loss:
            learned = self.beside[LOSS].reader.gather_behind(rows.beside[LOSS], *loss, counts)
            found[learned == 0] = IGNORED
        behind = np.full((len(after), more), IGNORED)
        behind.reshape(-1)[ranges(np.arange(len(after)) * more, counts)] = found
        return behind

    def _limits(self, rows: WindowRows | SpanRows, last: Ints) -> Ints:
        """Where what may be taken behind each span ends; `last` is where its last target is."""
        limits = _next(self._corpus_ends, last, "right")
        is_made_of_spans = isinstance(rows, SpanRows)
        if is_made_of_spans or self._is_masked:
            limits = np.minimum(limits, _next(self._document_ends, last, "right"))
        if is_made_of_spans and self._breaks is not None:
            limits = np.minimum(limits, _next(self._breaks, last, "left"))
        return np.where(rows.padding, 0, limits) if isinstance(rows, SpanRows) else limits


def _places(rows: Any, block_size: int) -> Ints:
    """int64[m]: how many places of the flat y each stretch has in which targets follow each other."""
    inner = rows.inner if isinstance(rows, FimRows) else rows
    if isinstance(inner, SpanRows) and not isinstance(inner, JoinedRows):
        return inner.places
    return np.full(len(rows.all_padding()), block_size)


def _next(bounds: Ints, places: Ints, side: Any) -> Ints:
    """The first bound behind each place (or at it, by the side), or a number that is behind all places."""
    at = np.searchsorted(bounds, places, side=side)
    found: Ints = np.full(len(at), np.iinfo(np.int64).max)
    is_before = at < len(bounds)
    found[is_before] = bounds[at[is_before]]
    return found


__all__ = ["AheadSource"]
