"""All bytes of a split in order, a few MiB at a time, each file compared with the manifest as it ends."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.corpus.file_bytes import forget
from corpuskit.corpus.index import ROW_BYTES, Index, ends_of
from corpuskit.corpus.manifest import ShardRecord
from corpuskit.corpus.split import Split
from corpuskit.errors import CorpusFormatError

_CHUNK_BYTES = 4 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class Mismatch:
    """A file that has other bytes than the manifest says.

    Args:
        file: Its name.
        expected: The sha256 that the manifest says.
        found: The sha256 of what is there.
    """

    file: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"sha256 {self.found}, the manifest says {self.expected}"


#: Called with a file that has other bytes. Where it raises, the file's last piece is not given out.
OnMismatch = Callable[[Mismatch], None]


def refuser(split: Split, so: str = "") -> OnMismatch:
    """What to hand to a scan that stops at the first file that has other bytes.

    Args:
        split: The split that is scanned.
        so: What this means for what was under way, for the error: "nothing was exported; ".
    """

    def refuse(mismatch: Mismatch) -> NoReturn:
        path = split.path / mismatch.file
        raise CorpusFormatError(
            f"{path}: {mismatch}; {so}make the corpus again with --overwrite",
            path=path,
            expected=mismatch.expected,
            found=mismatch.found,
        )

    return refuse


def tokens(
    split: Split,
    records: Sequence[ShardRecord],
    on_mismatch: OnMismatch,
    *,
    cuts: Sequence[int] = (),
) -> Iterator[tuple[int, Tokens]]:
    """A split's ids in order.

    Args:
        split: The split.
        records: What the manifest says of its shards.
        on_mismatch: Called with each shard that has other bytes, before its last piece is given out.
        cuts: Offsets in tokens that no piece goes across.

    Yields:
        The shard's number, and uint16[n] or uint32[n], n > 0, read-only and good until the next is asked for.
    """
    for number, record in enumerate(records):
        for piece in shard(split, number, record, on_mismatch, cuts=cuts):
            yield number, piece


def indexes(
    split: Split, records: Sequence[ShardRecord], on_mismatch: OnMismatch
) -> Iterator[tuple[int, Index]]:
    """The rows of a split's indexes in order; arguments as those of `tokens`.

    Yields:
        The shard's number, and uint64[d, 4], d > 0.
    """
    for number, record in enumerate(records):
        for piece in index(split, number, record, on_mismatch):
            yield number, piece


def shard(
    split: Split, number: int, record: ShardRecord, on_mismatch: OnMismatch, *, cuts: Sequence[int] = ()
) -> Iterator[Tokens]:
    """One shard's ids in order: what `tokens` gives of it."""
    inside = np.asarray(cuts, np.int64) - split.shard_starts[number]
    return _pieces(split.shard(number), record.file, _digest(split, record.sha256), on_mismatch, inside)


def index(split: Split, number: int, record: ShardRecord, on_mismatch: OnMismatch) -> Iterator[Index]:
    """The rows of one shard's index in order: what `indexes` gives of it."""
    return _pieces(split.index(number), record.index_file, _digest(split, record.index_sha256), on_mismatch)


def stream(
    split: Split, number: int, record: ShardRecord, name: str, on_mismatch: OnMismatch
) -> Iterator[NDArray[Any]]:
    """The items of a stream for one shard, as `tokens` gives the ids; its fill where there is no file."""
    items = split.stream_shard(name, number)
    if items is None:
        return split.streams[name].filled(record.num_tokens)
    return _pieces(items, record.stream_file(name), _digest(split, record.streams[name]), on_mismatch)


def fields(
    split: Split, number: int, record: ShardRecord, on_mismatch: OnMismatch
) -> Iterator[NDArray[np.uint8]]:
    """The bytes of one shard's file of kept fields in order, which has one."""
    assert record.fields is not None
    return _pieces(split.fields_data(number), record.fields_file, record.fields.sha256, on_mismatch)


def ends(split: Split, number: int, record: ShardRecord, on_mismatch: OnMismatch) -> NDArray[np.int64]:
    """int64[d], ascending: where the documents that end in a shard end in the split, its index compared."""
    found = [ends_of(rows).astype(np.int64) for rows in index(split, number, record, on_mismatch)]
    joined: NDArray[np.int64] = np.concatenate([np.empty(0, np.int64), *found])
    return joined + int(split.shard_starts[number])


def _digest(split: Split, sha256: str) -> str | None:
    """What a file's bytes are compared with; None for files of others, of whose bytes nothing is known."""
    return sha256 if split.has_digests else None


def _pieces(
    array: NDArray[Any],
    file: str,
    expected: str | None,
    on_mismatch: OnMismatch,
    cuts: NDArray[np.int64] | None = None,
) -> Iterator[NDArray[Any]]:
    digest = hashlib.sha256()
    item_bytes = ROW_BYTES if array.ndim > 1 else array.itemsize
    edges = _edges(len(array), item_bytes, cuts)
    if not edges and expected is not None and digest.hexdigest() != expected:
        on_mismatch(Mismatch(file, expected, digest.hexdigest()))
    # While a piece is used it is hashed in a thread, which starts with the first: half of the time of a copy.
    with ThreadPoolExecutor(1) as hashing:
        for start, stop in itertools.pairwise(edges):
            piece = array[start:stop]
            is_last = stop == len(array)
            hashed = None
            if expected is not None and is_last:
                digest.update(piece.data)
                if (found := digest.hexdigest()) != expected:
                    on_mismatch(Mismatch(file, expected, found))
            elif expected is not None:
                hashed = hashing.submit(digest.update, piece.data)
            try:
                yield piece
            finally:  # also where no more is asked for
                if hashed is not None:
                    hashed.result()
                forget(array, start * item_bytes, stop * item_bytes)


def _edges(length: int, item_bytes: int, cuts: NDArray[np.int64] | None = None) -> list[int]:
    """Where the pieces of an array begin and end: 0, then each few MiB and at each cut, then its length."""
    if not length:
        return []
    edges = np.append(np.arange(0, length, max(_CHUNK_BYTES // item_bytes, 1)), length)
    if cuts is not None and len(cuts):  # union1d imports numpy.ma, which takes 0.03 s
        edges = np.union1d(edges, cuts[(cuts > 0) & (cuts < length)])
    return [int(edge) for edge in edges]


__all__ = [
    "Mismatch",
    "OnMismatch",
    "ends",
    "fields",
    "index",
    "indexes",
    "refuser",
    "shard",
    "stream",
    "tokens",
]
