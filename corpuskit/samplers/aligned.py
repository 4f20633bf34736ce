"""Rows that begin where documents begin and are full to the last place: nanochat's best fit with cropping.

The policy is that of nanochat/dataloader.py at 92d63d4: each choice depends on all before it, so the rows are
worked out once, one document after another, and kept. The buffer is one sorted list of numbers that hold a
document's length and, in descending order, its number; two bisections find the longest that fits and the
shortest, each the earliest among its equals: 1.5 s for a million documents.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.numbers import whole
from corpuskit.ranges import ranges
from corpuskit.samplers.base import SamplerContext, Spans, SpanSampler, bos_of, check_options
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.saved_tables import open_table
from corpuskit.samplers.segment_bounds import greatest, most_cut

log = logging.getLogger(__name__)

#: What nanochat's loader has: documents that wait at least, and documents that come at a time.
_BUFFER, _REFILL = 1000, 128

#: Documents of a group of a table, about; it bounds memory, and shapes nothing.
_GROUP_DOCUMENTS = 2**20

#: Of the form and of the content of the tables.
_VERSION = 1

_FIELDS = {"first": "<i8", "starts": "<i8", "lengths": "<i4"}

#: What this process has warned of: an order is opened more than once.
_warned: set[str] = set()


class AlignedSampler(SpanSampler):
    """Rows of T + 1 tokens that begin with a document's beginning, without padding, as nanochat makes them.

    Documents come in the stream's order into a buffer. A row takes the longest document of the buffer that
    fits whole into what is left of it, again and again; where none fits, the shortest one is cropped to fill
    the row, and the rest of it is thrown away. Among equal lengths the earliest comes first. Before each
    choice, while the buffer has fewer than `buffer` documents (1,000 by default), the next `refill` ones
    (128) come into it. x is all but the last of a row's tokens, and y all but the first; a document's last
    token has the first one of the next document in the row as its target.

    With `bos`, an id or a control token's name, each document has that id in front.

    Rows come in the order in which they are made, in each epoch the same: nothing is shuffled. After the last
    document the buffer is used up, and what does not fill a row is left out. nanochat goes on with the first
    document there, so its rows are these up to where its second pass begins.

    The table depends on the documents, T and the options alone. It is computed once, document by document in
    bounded memory, and kept in corpuskit's cache under the split's fingerprint.
    """

    inside_documents = True
    joined = True
    in_order = True
    seeded = False

    def __init__(self, context: SamplerContext) -> None:
        check_options("aligned", context, "buffer", "refill", "bos")
        options = {"buffer": _BUFFER, "refill": _REFILL, **context.options}
        buffer, refill = (
            whole(f"sampler option {name}", options[name], least=1) for name in ("buffer", "refill")
        )
        self._bos = bos_of(context)
        bos = self._bos is not None
        key = (context.fingerprint, context.block_size, buffer, refill, int(bos))
        words = hash_words("aligned", _VERSION, *key)
        name = "aligned-" + "".join(f"{word:016x}" for word in words) if context.fingerprint else ""

        def make(counted: Counter[str]) -> Iterator[tuple[NDArray[Any], ...]]:
            ends = context.document_ends()
            return tables(ends, context.block_size, bos=bos, buffer=buffer, refill=refill, counted=counted)

        saved = open_table(name, _FIELDS, make)
        self._first, self._starts, self._lengths = saved.arrays
        if not len(self._first):
            raise ConfigError(
                f"the split's documents fill no row: of {context.num_tokens:,} tokens, a row of 'aligned' "
                f"needs block_size + 1 = {context.block_size + 1:,}; choose a smaller block_size, or 'packed'"
            )
        self._num_rows = self.samples_per_epoch = len(self._first)
        self.counted = saved.counted
        _warn(name, context, saved.counted)

    def spans(self, samples: Ints) -> Spans:
        """What each row is made of."""
        rows = samples % self._num_rows
        ends = self._first[rows]
        firsts = np.where(rows > 0, self._first[rows - 1], 0)
        counts = ends - firsts
        first = np.concatenate(([0], np.cumsum(counts)))
        entries = ranges(firsts, counts)
        bos = None if self._bos is None else np.full(len(entries), self._bos)
        return Spans(first, self._starts[entries], self._lengths[entries].astype(np.int64), bos)

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """Those of the rows with most documents; there is no padding."""
        documents = np.diff(self._first, prepend=0)
        return most_cut(greatest(documents, num_rows, repeats=True), block_size, longest)


def tables(
    ends: Ints, block_size: int, *, bos: bool, buffer: int, refill: int, counted: Counter[str]
) -> Iterator[tuple[Ints, Ints, NDArray[np.int32]]]:
    """Fill the rows, group by group.

    Args:
        ends: int64[D], where the documents end in the stream, ascending.
        block_size: T; a row has T + 1 tokens.
        bos: Whether each document has an id in front, so that one without tokens is one, too.
        buffer: How many documents wait at least before each choice.
        refill: How many come at a time.
        counted: Where to count the documents and tokens that are cropped, and those of the last row, which is
            not full.

    Yields:
        Where each row's spans end, counted from the first row on; and of each span where it starts in the
        stream, and how many tokens it has.
    """
    if not len(ends):
        return
    num_spans = 0
    for documents, sizes, stops in _choices(ends, block_size + 1, bos=bos, buffer=buffer, refill=refill):
        num_used = int(stops[-1]) if len(stops) else 0
        if num_used < len(sizes):  # of the row that could not be filled
            counted["documents_dropped"] += len(sizes) - num_used
            counted["tokens_dropped"] += int(sizes[num_used:].sum()) - bos * (len(sizes) - num_used)
        documents, sizes = documents[:num_used], sizes[:num_used]
        totals = np.diff(np.concatenate(([0], np.cumsum(sizes)))[np.concatenate(([0], stops))])
        cropped = totals - (block_size + 1)
        sizes[stops - 1] -= cropped
        counted["documents_cropped"] += int(np.count_nonzero(cropped))
        counted["tokens_cropped"] += int(cropped.sum())
        # A document without tokens may be at the stream's end, where nothing can be read.
        starts = np.minimum(np.where(documents > 0, ends[documents - 1], 0), max(int(ends[-1]) - 1, 0))
        yield num_spans + stops, starts, (sizes - bos).astype(np.int32)
        num_spans += num_used


def _choices(
    ends: Ints, row_size: int, *, bos: bool, buffer: int, refill: int
) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Which documents the rows take, one after another, in groups of whole rows.

    Yields:
        int64[m] numbers of documents, int64[m] their sizes, and int64[k], where each row ends among them; of
        the last group the documents after that fill no row.
    """
    bits = len(ends).bit_length()
    mask = (1 << bits) - 1
    coming = _keys(ends, bits, bos=bos, refill=refill)
    waiting: list[int] = []
    taken: list[int] = []
    stops: list[int] = []
    is_more = True
    while True:
        left = row_size
        while left:
            if is_more and len(waiting) < buffer:
                while len(waiting) < buffer and (keys := next(coming, None)) is not None:
                    waiting += keys
                is_more = len(waiting) >= buffer
                waiting.sort()
            if not waiting:
                break
            if at := bisect_right(waiting, left << bits | mask):
                taken.append(key := waiting.pop(at - 1))
                left -= key >> bits
            else:
                taken.append(waiting.pop(bisect_right(waiting, waiting[0] | mask) - 1))
                left = 0
        if not left:
            stops.append(len(taken))
        if left or len(taken) >= _GROUP_DOCUMENTS:
            group = np.array(taken, np.int64)
            yield mask - (group & mask), group >> bits, np.array(stops, np.int64)
            taken, stops = [], []
        if left:
            return


def _keys(ends: Ints, bits: int, *, bos: bool, refill: int) -> Iterator[list[int]]:
    """The documents, `refill` at a time: numbers that are greater for longer ones, then for earlier ones."""
    mask = (1 << bits) - 1
    step = refill * max(1, 2**16 // refill)
    for at in range(0, len(ends), step):
        group = ends[at : at + step]
        sizes = np.diff(group, prepend=ends[at - 1] if at else 0) + bos
        sizes = np.minimum(sizes, (1 << (62 - bits)) - 1)
        keys = (sizes << bits) | (mask - np.arange(at, at + len(group)))
        for first in range(0, len(group), refill):
            some = keys[first : first + refill]
            yield some[sizes[first : first + refill] > 0].tolist()


def _warn(name: str, context: SamplerContext, counted: Mapping[str, int]) -> None:
    """Say once in a process how much of a split is thrown away."""
    if not name or name in _warned or not (cropped := counted.get("tokens_cropped", 0)):
        return
    _warned.add(name)
    log.warning(
        "aligned: %s of the split's %s tokens (%.1f %%) are cropped and never drawn; 'packed' crops none",
        f"{cropped:,}",
        f"{context.num_tokens:,}",
        100 * cropped / context.num_tokens,
    )


__all__ = ["AlignedSampler", "tables"]
