"""Whole documents packed into rows, in an order that is shuffled each epoch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit import cache, storage
from corpuskit.errors import ConfigError, StorageError
from corpuskit.samplers.base import SamplerContext, Spans, check_options
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.epochs import by_epoch
from corpuskit.samplers.packing import pack, split_documents
from corpuskit.samplers.permutation import Permutation

Ints = NDArray[np.int64]

#: Documents that are packed at a time. It bounds memory (150 MB measured), and costs a few rows that are not
#: full for each group. Part of the tables' name, because it shapes them.
_GROUP_DOCUMENTS = 2**21

#: Of the form and of the content of the tables.
_VERSION = 1


class Table(NamedTuple):
    """What each row is made of: spans `first[i - 1] .. first[i] - 1`, those of row 0 beginning at 0."""

    first: Ints
    starts: Ints
    lengths: NDArray[np.int32]


class PackedSampler:
    """Rows that hold whole documents, and padding where none fits.

    A document of n tokens gives n - 1 pairs of a token and its successor; those of one document stay
    together in one row, unless it has more than T, which are split into pieces of T and a rest. No target
    belongs to another document than its input. The rows are filled by best fit decreasing; what stays empty,
    usually well under 1 % of the places, is 0 in x and -100 in y. Every pair of every document is in exactly
    one row, and every row comes once an epoch, in an order computed from a hash of (seed, epoch).

    The packing depends on the documents and T alone. It is computed once, group by group in bounded memory,
    and kept in corpuskit's cache under the split's fingerprint; 12 bytes a document are mapped from there.
    """

    samples_per_epoch: int | None

    def __init__(self, context: SamplerContext) -> None:
        check_options("packed", context)
        self._seed = context.seed
        self._table = _open_table(context)
        self._num_rows = len(self._table.first)
        self.samples_per_epoch = self._num_rows
        if not self._num_rows:
            raise ConfigError("no document of the split has two tokens, so there is nothing to pack")

    def spans(self, samples: Ints) -> Spans:
        """What each row is made of."""
        rows = by_epoch(samples, self._num_rows, self._in_epoch)
        ends = self._table.first[rows]
        firsts = np.where(rows > 0, self._table.first[rows - 1], 0)
        counts = ends - firsts
        first = np.concatenate(([0], np.cumsum(counts)))
        entries = np.arange(first[-1]) + np.repeat(firsts - first[:-1], counts)
        return Spans(first, self._table.starts[entries], self._table.lengths[entries].astype(np.int64))

    def _in_epoch(self, epoch: int, positions: Ints) -> Ints:
        return Permutation(self._num_rows, "packed", self._seed, epoch)(positions)


def tables(ends: Ints, block_size: int) -> Iterator[Table]:
    """Pack the documents, group by group; the tables' rows follow each other, and so do their spans."""
    num_spans = 0
    for at in range(0, len(ends), _GROUP_DOCUMENTS):
        group = ends[at : at + _GROUP_DOCUMENTS]
        pieces = split_documents(group, block_size, previous_end=int(ends[at - 1]) if at else 0)
        rows, num_rows = pack(pieces.lengths, block_size)
        order = np.argsort(rows, kind="stable")
        first = num_spans + np.cumsum(np.bincount(rows, minlength=num_rows))
        num_spans += len(rows)
        yield Table(first, pieces.starts[order], pieces.lengths[order].astype(np.int32))


def _open_table(context: SamplerContext) -> Table:
    """The table from the cache, where it is put first; in memory where the cache cannot be written."""
    name = _table_name(context)
    if not name:
        return _in_memory(context)
    folder = cache.default_cache_dir() / "tables" / name
    if not folder.is_dir():
        try:
            _save(tables(context.document_ends(), context.block_size), folder)
        except StorageError:
            return _in_memory(context)
    return Table(*(_load(folder / f"{field}.bin", kind) for field, kind in _FIELDS.items()))


_FIELDS = {"first": "<i8", "starts": "<i8", "lengths": "<i4"}


def _table_name(context: SamplerContext) -> str:
    """A name that says all that the table depends on; empty for a split without an identity."""
    if not context.fingerprint:
        return ""
    words = hash_words("table", _VERSION, context.fingerprint, context.block_size, _GROUP_DOCUMENTS)
    return "packed-" + "".join(f"{word:016x}" for word in words)


def _in_memory(context: SamplerContext) -> Table:
    groups = list(tables(context.document_ends(), context.block_size))
    fields = zip(*groups, strict=True) if groups else [[np.empty(0, np.int64)]] * 3
    return Table(*(np.concatenate(list(field)) for field in fields))


def _save(groups: Iterator[Table], folder: Path) -> None:
    """Publish the groups' tables in one step; another process that did so first is right as well."""
    cache.make_folder(cache.default_cache_dir(), "tables")
    staged = storage.temporary_name(folder)
    storage.make_directory(staged)
    try:
        with contextlib.ExitStack() as files:
            writers = {
                field: files.enter_context(storage.FileWriter(staged / f"{field}.bin")) for field in _FIELDS
            }
            for group in groups:
                for field, kind in _FIELDS.items():
                    writers[field].write(getattr(group, field).astype(kind).tobytes())
        storage.commit_directory(staged, folder, replace=False)
    except StorageError:
        storage.remove_tree(staged)
        if not folder.is_dir():
            raise


def _load(path: Path, kind: str) -> NDArray[Any]:
    if not path.stat().st_size:  # an empty file cannot be mapped
        return np.empty(0, kind)
    return np.memmap(path, kind, "r").view(np.ndarray)
