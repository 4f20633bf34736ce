"""Whole documents packed into rows, in an order that is shuffled each epoch."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.numbers import whole
from corpuskit.ranges import ranges
from corpuskit.samplers.base import SamplerContext, Spans, SpanSampler, bos_of, check_options
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.epochs import by_epoch
from corpuskit.samplers.packing import TOO_LONG, pack, pairs_of, split_documents
from corpuskit.samplers.permutation import Permutation
from corpuskit.samplers.saved_tables import open_table
from corpuskit.samplers.segment_bounds import count_segments, greatest
from corpuskit.samplers.trained import GROUP_SPANS, SKIP_UNTRAINED, trained_rows

log = logging.getLogger(__name__)

#: Options' names.
_MULTIPLE, _MOST = "pad_to_multiple", "max_pieces"

#: Documents that are packed at a time. It bounds memory (150 MB measured), and costs a few rows that are not
#: full for each group. Part of the tables' name, because it shapes them.
_GROUP_DOCUMENTS = 2**21

#: Of the form and of the content of the tables.
_VERSION = 3

_FIELDS = {"first": "<i8", "starts": "<i8", "lengths": "<i4"}
_BOS_FIELDS = {**_FIELDS, "front": "|b1"}

#: What this process has warned of: an order is opened more than once, and again for each setting.
_warned: set[tuple[str, int, str]] = set()


class Table(NamedTuple):
    """What each row is made of: spans `first[i - 1] .. first[i] - 1`, those of row 0 beginning at 0.

    `front` says which of them have an id in front; None is that none has.
    """

    first: Ints
    starts: Ints
    lengths: NDArray[np.int32]
    front: NDArray[np.bool_] | None = None


class PackedSampler(SpanSampler):
    """Rows that hold whole documents, and padding where none fits.

    A document of n tokens gives n - 1 pairs of a token and its successor; those of one document stay
    together in one row, unless it has more than T. No target belongs to another document than its input. The
    rows are filled by best fit decreasing; what stays empty, usually well under 1 % of the places, is 0 in x
    and -100 in y. Every row comes once an epoch, in an order computed from a hash of (seed, epoch).

    The option `documents` says what becomes of documents of more than T pairs:

    - `"split"`, the default: they are split into pieces of T pairs and a rest, so every pair of every
      document is in exactly one row.
    - `"whole"`: no document is cut, and the option `too_long` says what happens instead: `"error"`, the
      default, refuses the split and names the longest; `"drop"` leaves them out; `"truncate"` keeps their
      first T pairs; `"split"` splits them after all. What is left out is counted, and warned of once.

    The option `bos`, an id or a control token's name, puts that id in front of each document: a document of n
    tokens then gives n pairs, the first of them the id and the document's first token. Of a document that is
    split, the first piece has it.

    With `pad_to_multiple`, a number of which T is a multiple, each piece is followed by as much padding as
    makes its places a multiple of it, as context parallelism asks of the segments of a batch.

    With `max_pieces`, no row has more pieces than that, however short they are.

    With `skip_untrained=True`, rows without a single target that is to be learned never come.

    The packing depends on the documents, T and the options but for the last one alone. It is computed once,
    group by group in bounded memory, and kept in corpuskit's cache under the split's fingerprint; 12 bytes a
    document are mapped from there.
    """

    inside_documents = True

    def __init__(self, context: SamplerContext) -> None:
        check_options("packed", context, "documents", "too_long", "bos", _MULTIPLE, _MOST, SKIP_UNTRAINED)
        self._seed = context.seed
        too_long = _too_long(context)
        self._bos = bos_of(context)
        bos = self._bos is not None
        self.pad_to_multiple = multiple = _multiple(context)
        most = context.options.get(_MOST)
        if most is not None:
            most = whole(f"sampler option {_MOST}", most, least=1)

        def make(counted: Counter[str]) -> Iterator[tuple[NDArray[Any], ...]]:
            ends = context.document_ends()
            if too_long == "error":
                _refuse_long(context, ends, bos=bos)
            for table in tables(
                ends,
                context.block_size,
                too_long=too_long,
                counted=counted,
                bos=bos,
                multiple=multiple,
                max_pieces=most,
            ):
                yield tuple(part for part in table if part is not None)

        name = _table_name(context, too_long, bos=bos, multiple=multiple, max_pieces=most)
        saved = open_table(name, _BOS_FIELDS if bos else _FIELDS, make)
        self._table = Table(*saved.arrays)
        _warn(context, too_long, saved.counted, bos=bos)
        if not len(self._table.first):
            fits = " and fits into a row" if too_long == "drop" else ""
            has = "a token" if bos else "two tokens"
            raise ConfigError(f"no document of the split has {has}{fits}, so there is nothing to pack")
        self._trained = trained_rows(context, self._groups, name)
        self._num_rows = self.samples_per_epoch = self._trained.count(len(self._table.first))
        self._kept: tuple[int, Permutation] | None = None
        self.counted = {**saved.counted, **self._trained.counted()}

    def spans(self, samples: Ints) -> Spans:
        """What each row is made of."""
        return self._rows(self._trained.number(by_epoch(samples, self._num_rows, self._in_epoch)))

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """The segments of those rows that are in most, counted."""
        counts = [
            count_segments(rows.first, rows.places + -rows.places % self.pad_to_multiple, block_size, longest)
            for rows in self._groups()
        ]
        kept = self._trained.number(np.arange(self._num_rows))
        return greatest(np.concatenate(counts)[kept], num_rows, repeats=True)

    def _rows(self, rows: Ints) -> Spans:
        ends = self._table.first[rows]
        firsts = np.where(rows > 0, self._table.first[rows - 1], 0)
        counts = ends - firsts
        first = np.concatenate(([0], np.cumsum(counts)))
        entries = ranges(firsts, counts)
        bos = None
        if self._table.front is not None and self._bos is not None:
            bos = np.where(self._table.front[entries], self._bos, -1)
        lengths = self._table.lengths[entries].astype(np.int64)
        return Spans(first, self._table.starts[entries], lengths, bos)

    def _groups(self) -> Iterator[Spans]:
        """All rows in the table's order, so many at a time that their spans are not too many."""
        row, ends = 0, self._table.first
        while row < len(ends):
            most = (int(ends[row - 1]) if row else 0) + GROUP_SPANS
            stop = max(int(np.searchsorted(ends, most, side="right")), row + 1)
            yield self._rows(np.arange(row, stop))
            row = stop

    def _in_epoch(self, epoch: int, positions: Ints) -> Ints:
        kept = self._kept  # replaced and not changed, because a prefetching thread may be reading it
        if kept is None or kept[0] != epoch:
            kept = self._kept = epoch, Permutation(self._num_rows, "packed", self._seed, epoch)
        return kept[1](positions)


def tables(
    ends: Ints,
    block_size: int,
    *,
    too_long: str = "split",
    counted: Counter[str] | None = None,
    bos: bool = False,
    multiple: int = 1,
    max_pieces: int | None = None,
) -> Iterator[Table]:
    """Pack the documents, group by group; the tables' rows follow each other, and so do their spans.

    Args:
        ends: int64[D], where the documents end in the stream, ascending.
        block_size: T, tokens of x in a row.
        too_long: What becomes of documents of more than T pairs; see `split_documents`.
        counted: Where to count these documents and their tokens that are left out, or split.
        bos: Whether each document has an id in front.
        multiple: Of what the places of each piece are made a multiple by padding.
        max_pieces: How many pieces a row may have; None is any number.
    """
    num_spans = 0
    for group, previous_end in _groups(ends):
        if counted is not None:
            _count(counted, pairs_of(group, previous_end) + 1, block_size + 1 - bos, too_long)
        pieces = split_documents(group, block_size, previous_end=previous_end, too_long=too_long, bos=bos)
        rows, num_rows = pack(-(-pieces.lengths // multiple), block_size // multiple, max_pieces)
        order = np.argsort(rows, kind="stable")
        first = num_spans + np.cumsum(np.bincount(rows, minlength=num_rows))
        num_spans += len(rows)
        front = pieces.begins[order] & bos
        lengths = (pieces.lengths[order] - front).astype(np.int32)
        yield Table(first, pieces.starts[order] + front, lengths, front if bos else None)


def _groups(ends: Ints) -> Iterator[tuple[Ints, int]]:
    """The ends of each group of documents, and where its first one starts."""
    for at in range(0, len(ends), _GROUP_DOCUMENTS):
        yield ends[at : at + _GROUP_DOCUMENTS], int(ends[at - 1]) if at else 0


def _count(counted: Counter[str], sizes: Ints, most: int, too_long: str) -> None:
    """Count the documents that have too many tokens, and those of their tokens that it is about."""
    sizes = sizes[sizes > most]
    if len(sizes):
        verb = TOO_LONG[too_long]
        lost = int(sizes.sum()) - (len(sizes) * most if too_long == "truncate" else 0)
        counted[f"documents_{verb}"] += len(sizes)
        counted[f"tokens_{verb}"] += lost


def _too_long(context: SamplerContext) -> str:
    """What becomes of documents that are too long for a row.

    Raises:
        ConfigError: If an option has a value that it does not have, or is about nothing.
    """
    documents = context.options.get("documents", "split")
    if documents not in ("split", "whole"):
        raise ConfigError(
            f"sampler option documents = {documents!r:.80}: must be 'split' or 'whole'", found=documents
        )
    too_long = context.options.get("too_long", "error")
    if not isinstance(too_long, str) or too_long not in TOO_LONG:
        choices = ", ".join(map(repr, TOO_LONG))
        raise ConfigError(
            f"sampler option too_long = {too_long!r:.80}: must be one of {choices}", found=too_long
        )
    if documents == "split" and "too_long" in context.options:
        raise ConfigError(
            f"sampler option too_long = {too_long!r} is about whole documents; add documents = 'whole'",
            found=too_long,
        )
    return too_long if documents == "whole" else "split"


def _multiple(context: SamplerContext) -> int:
    """The option `pad_to_multiple`.

    Raises:
        ConfigError: If it is no number of which a row's places are a multiple.
    """
    multiple = whole(f"sampler option {_MULTIPLE}", context.options.get(_MULTIPLE, 1), least=1)
    if over := context.block_size % multiple:
        nearest = context.block_size - over or multiple
        raise ConfigError(
            f"sampler option {_MULTIPLE} = {multiple:,}: block_size {context.block_size:,} is no multiple of "
            f"it; choose block_size {nearest}, or another multiple",
            found=multiple,
        )
    return multiple


def _refuse_long(context: SamplerContext, ends: Ints, *, bos: bool) -> None:
    """Refuse documents that do not fit into a row.

    Raises:
        ConfigError: If there is one; it says how many there are, which is the longest, and what can be done.
    """
    most = context.block_size + 1 - bos
    count, longest, at = 0, 0, 0
    for number, (group, previous_end) in enumerate(_groups(ends)):
        sizes = pairs_of(group, previous_end) + 1
        count += int(np.count_nonzero(sizes > most))
        if len(sizes) and sizes.max() > longest:
            longest, at = int(sizes.max()), number * _GROUP_DOCUMENTS + int(sizes.argmax())
    if count:
        number = at if context.document_numbers is None else int(context.document_numbers()[at])
        raise ConfigError(
            f"{count:,} of {len(ends):,} documents are too long for a row: block_size {context.block_size:,} "
            f"holds {most:,} tokens of one, and document {number:,}, the longest, has {longest:,}; choose "
            f"block_size {longest - 1 + bos:,}, or too_long = 'drop', 'truncate' or 'split' in "
            "sampler_options",
            expected=most,
            found=longest,
        )


def _warn(context: SamplerContext, too_long: str, counted: Mapping[str, int], *, bos: bool) -> None:
    """Say once in a process that tokens are left out."""
    verb = TOO_LONG[too_long]
    key = (context.fingerprint, context.block_size, too_long)
    if too_long not in ("drop", "truncate") or not counted.get(f"documents_{verb}") or key in _warned:
        return
    _warned.add(key)
    log.warning(
        "packed: %s of the split's documents have more than %s tokens and are %s: %s of %s tokens are left "
        "out; too_long='split' keeps them",
        f"{counted[f'documents_{verb}']:,}",
        f"{context.block_size + 1 - bos:,}",
        verb,
        f"{counted[f'tokens_{verb}']:,}",
        f"{context.num_tokens:,}",
    )


def _table_name(
    context: SamplerContext, too_long: str, *, bos: bool, multiple: int, max_pieces: int | None
) -> str:
    """A name that says all that the table depends on; empty for a split without an identity."""
    if not context.fingerprint:
        return ""
    key: list[int | str] = [context.fingerprint, context.block_size, _GROUP_DOCUMENTS, too_long]
    key += ["bos"] if bos else []
    key += [_MULTIPLE, multiple] if multiple > 1 else []
    key += [] if max_pieces is None else [_MOST, max_pieces]
    words = hash_words("table", _VERSION, *key)
    return "packed-" + "".join(f"{word:016x}" for word in words)
