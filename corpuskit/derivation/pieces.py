"""A split's tokens with their documents, streams and kept fields beside them, a few MiB at a time."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.field_tables import shard_tables
from corpuskit.corpus.fields import arrow_schema, no_rows
from corpuskit.corpus.file_bytes import forget
from corpuskit.corpus.index import ROW_BYTES, Index, ends_of
from corpuskit.corpus.manifest import ShardRecord
from corpuskit.corpus.split import Split
from corpuskit.corpus.writer import Block
from corpuskit.errors import CorpusFormatError

if TYPE_CHECKING:
    import pyarrow

#: What damage means for a corpus that is derived.
SO = "nothing was made of it; "


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Some tokens of a shard, and the documents that end in them.

    Args:
        block: The tokens, the documents' rows, the streams, and the kept fields as a table, good until the
            next piece is asked for.
        shard: The shard's number.
        first: The number of the first of these documents among those of the shard.
    """

    block: Block
    shard: int
    first: int


def pieces(corpus: Corpus, name: str) -> Iterator[Piece]:
    """All of a split, each file compared with the manifest before its last piece is given out.

    Args:
        corpus: The corpus.
        name: The split's name.

    Raises:
        CorpusFormatError: If a file's bytes are not those that were prepared, or make no sense.
    """
    for number, record in enumerate(corpus.manifest.splits[name].shards):
        yield from of_shard(corpus, corpus[name], number, record)


def of_shard(corpus: Corpus, split: Split, number: int, record: ShardRecord) -> Iterator[Piece]:
    """The pieces of one shard; see `pieces`.

    Args:
        corpus: The corpus.
        split: One of its splits.
        number: The shard's number.
        record: What the manifest says of it.
    """
    refuse = scan.refuser(split, SO)
    types = corpus.manifest.field_types
    check_index(corpus, split, number, record)
    if types:
        for _ in scan.fields(split, number, record, refuse):
            pass
    rows = split.index(number)
    fields = _fields(split, number, types) if types else None
    streams = {name: _Reader(scan.stream(split, number, record, name, refuse)) for name in record.streams}
    at = first = 0
    for ids in scan.shard(split, number, record, refuse):
        stop = at + len(ids)
        is_last = stop == record.num_tokens
        # In the type of the index: another would have all of it copied.
        found = len(rows) if is_last else int(np.searchsorted(ends_of(rows), np.uint64(stop), side="right"))
        own = rows[first:found].copy()
        own[:, 0] -= np.uint64(at)
        items = {name: reader.take(len(ids)) for name, reader in streams.items()}
        table = None if fields is None else fields.slice(first, found - first)
        yield Piece(Block(ids, own, items, table=table), number, first)
        forget(rows, first * ROW_BYTES, found * ROW_BYTES)
        if types:
            forget(split.fields_data(number), 0, split.fields_data(number).nbytes)
        at, first = stop, found


def _fields(split: Split, number: int, types: Mapping[str, str]) -> pyarrow.Table:
    """The kept fields of a shard, which stay where they are."""
    import pyarrow as pa

    data, tables = split.fields_data(number), [no_rows(arrow_schema(types))]
    for table in shard_tables(split, number, types):
        tables.append(table)
        forget(data, 0, data.nbytes)  # all of it was looked through
    return pa.concat_tables(tables)


def check_index(corpus: Corpus, split: Split, number: int, record: ShardRecord) -> None:
    """Compare a shard's index with the manifest, and see that its rows make sense.

    Raises:
        CorpusFormatError: If they do not.
    """
    last, num_inputs = 0, len(corpus.manifest.inputs)
    for rows in scan.index(split, number, record, scan.refuser(split, SO)):
        ends = ends_of(rows)
        in_order = int(ends[0]) >= last and not (ends[1:] < ends[:-1]).any()
        last = int(ends[-1])
        if not in_order or last > record.num_tokens or int(rows[:, 1].max()) >= num_inputs:
            raise CorpusFormatError(
                f"{split.path / record.index_file}: its documents do not end in order within "
                f"{record.num_tokens:,} tokens, or name an input that is not among {num_inputs:,}; {SO}"
                "make the corpus again with --overwrite",
                path=str(split.path),
            )


class _Reader:
    """Arrays that come one after another, taken in other pieces."""

    def __init__(self, arrays: Iterator[NDArray[Any]]) -> None:
        self._arrays = arrays
        self._left: NDArray[Any] | None = None

    def take(self, count: int) -> NDArray[Any]:
        """The next items, good until more are asked for."""
        taken: list[NDArray[Any]] = []
        while count:
            if self._left is None or not len(self._left):
                self._left = next(self._arrays)
            part, self._left = self._left[:count], self._left[count:]
            count -= len(part)
            # The array that it is of goes when the next one comes.
            taken.append(part.copy() if count else part)
        return taken[0] if len(taken) == 1 else np.concatenate(taken)


def picked(piece: Piece, chosen: NDArray[np.bool_], *, tail: bool) -> Block:
    """Some documents of a piece, one after another.

    Args:
        piece: The piece.
        chosen: bool[d], which of its documents.
        tail: Whether the tokens after the last document's end are taken: their document ends later, or never.
    """
    block = piece.block
    if chosen.all() and tail:
        return block
    size = len(block.ids)
    bounds = np.concatenate(([0], ends_of(block.rows).astype(np.int64), [size]))
    lengths = np.diff(bounds)
    flags = np.append(chosen, tail)
    kept = np.where(flags, lengths, 0)
    rows: Index = block.rows[chosen]
    rows[:, 0] = np.cumsum(kept)[:-1][chosen]
    take = _taker(bounds, flags, size)
    streams = {name: take(items) for name, items in block.streams.items()}
    if block.table is None:
        return Block(take(block.ids), rows, streams)
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(chosen, bitorder="little"))  # `pyarrow.array` would import pandas
    mask = pa.Array.from_buffers(pa.bool_(), len(chosen), [None, bits])
    return Block(take(block.ids), rows, streams, table=block.table.filter(mask))


def _taker(bounds: Ints, flags: NDArray[np.bool_], size: int) -> Any:
    """What takes the items of chosen documents out of an array of `size` items.

    Args:
        bounds: int64[d + 1], where the documents start and end.
        flags: bool[d], which are chosen.
        size: How many items there are.
    """
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    starts, stops = bounds[edges[::2]], bounds[edges[1::2]]
    if len(starts) * _SHORT < size:  # copying runs is faster, where they are long
        runs = [slice(start, stop) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
        return lambda items: np.concatenate([items[:0], *(items[run] for run in runs)])
    mask = np.repeat(flags, np.diff(bounds))
    return lambda items: items[mask]


#: Runs of fewer items on average are taken with a mask.
_SHORT = 128


class DocumentMask:
    """Some documents of a split, a bit for each; shards come one after another.

    Args:
        split: The split.
        tail: Whether the tokens after the last document's end are taken.
    """

    def __init__(self, split: Split, *, tail: bool) -> None:
        self._bits: list[NDArray[np.uint8]] = []
        self._sizes = np.diff(split.shard_documents)
        self._tail = tail
        self.num_chosen = 0

    def add(self, chosen: NDArray[np.bool_]) -> None:
        """The documents of the next shard."""
        self._bits.append(np.packbits(chosen))
        self.num_chosen += int(np.count_nonzero(chosen))

    def of_shard(self, number: int) -> NDArray[np.bool_]:
        """bool[d]: which of a shard's documents."""
        return np.unpackbits(self._bits[number], count=int(self._sizes[number])).astype(np.bool_)

    def tail_of_shard(self, number: int) -> bool:
        """Whether the first document is taken that ends in a later shard."""
        later = next((n for n in range(number + 1, len(self._sizes)) if self._sizes[n]), None)
        return self._tail if later is None else bool(self._bits[later][0] & 0x80)


def picked_pieces(
    corpus: Corpus, name: str, masks: Sequence[DocumentMask]
) -> Iterator[tuple[list[Block], int]]:
    """A split, piece by piece, with the documents of each of some masks in a block of its own.

    Args:
        corpus: The corpus.
        name: The split's name.
        masks: Which documents; those of all shards were added.

    Yields:
        The blocks, one for each mask, and how many bytes of ids they were taken from.
    """
    for _, group in itertools.groupby(pieces(corpus, name), key=lambda piece: piece.shard):
        chosen: list[NDArray[np.bool_]] = []
        tails: list[bool] = []
        for piece in group:
            if not chosen:
                chosen = [mask.of_shard(piece.shard) for mask in masks]
                tails = [mask.tail_of_shard(piece.shard) for mask in masks]
            first, last = piece.first, piece.first + len(piece.block.rows)
            blocks = [
                picked(piece, all_of[first:last], tail=bool(all_of[last]) if last < len(all_of) else tail)
                for all_of, tail in zip(chosen, tails, strict=True)
            ]
            yield blocks, piece.block.ids.nbytes


__all__ = [
    "SO",
    "DocumentMask",
    "Piece",
    "check_index",
    "of_shard",
    "picked",
    "picked_pieces",
    "pieces",
]
