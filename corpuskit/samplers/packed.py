"""Whole documents packed into rows, in an order that is shuffled each epoch."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit import cache, reading, sealed, storage
from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError, StorageError
from corpuskit.samplers.base import SamplerContext, Spans, SpanSampler, check_options
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.epochs import by_epoch
from corpuskit.samplers.packing import pack, split_documents
from corpuskit.samplers.permutation import Permutation
from corpuskit.temporary_names import temporary_name

log = logging.getLogger(__name__)


#: Documents that are packed at a time. It bounds memory (150 MB measured), and costs a few rows that are not
#: full for each group. Part of the tables' name, because it shapes them.
_GROUP_DOCUMENTS = 2**21

#: Of the form and of the content of the tables.
_VERSION = 2

#: Beside a table's files: the sha256 of each.
_DIGESTS = "digests.json"
_DIGESTS_BYTES = 4096
#: Files that this process has compared with their digests: what tells whether one is another since.
_compared: set[tuple[Path, int, int, int, int]] = set()


class Table(NamedTuple):
    """What each row is made of: spans `first[i - 1] .. first[i] - 1`, those of row 0 beginning at 0."""

    first: Ints
    starts: Ints
    lengths: NDArray[np.int32]


class PackedSampler(SpanSampler):
    """Rows that hold whole documents, and padding where none fits.

    A document of n tokens gives n - 1 pairs of a token and its successor; those of one document stay
    together in one row, unless it has more than T, which are split into pieces of T and a rest. No target
    belongs to another document than its input. The rows are filled by best fit decreasing; what stays empty,
    usually well under 1 % of the places, is 0 in x and -100 in y. Every pair of every document is in exactly
    one row, and every row comes once an epoch, in an order computed from a hash of (seed, epoch).

    The packing depends on the documents and T alone. It is computed once, group by group in bounded memory,
    and kept in corpuskit's cache under the split's fingerprint; 12 bytes a document are mapped from there.
    Each process compares them with their sha256 once, and a table that is damaged is made again.
    """

    inside_documents = True

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
    if (table := _saved(folder)) is not None:
        return table
    with contextlib.suppress(StorageError):  # another process may have made it at the same time
        _save(tables(context.document_ends(), context.block_size), folder)
    return _saved(folder) or _in_memory(context)


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
    """Publish the groups' tables in one step, in the place of a damaged one if there is one."""
    cache.make_folder(cache.default_cache_dir(), "tables")
    staged = temporary_name(folder)
    storage.make_directory(staged)
    try:
        with contextlib.ExitStack() as files:
            writers = {
                field: files.enter_context(storage.FileWriter(staged / f"{field}.bin")) for field in _FIELDS
            }
            for group in groups:
                for field, kind in _FIELDS.items():
                    writers[field].write(getattr(group, field).astype(kind).tobytes())
        digests = {field: writer.sha256 for field, writer in writers.items()}
        storage.write_bytes(staged / _DIGESTS, sealed.to_bytes({"files": digests}))
        storage.commit_directory(staged, folder, replace=True)
    finally:
        storage.remove_tree(staged)


def _saved(folder: Path) -> Table | None:
    """The table in a folder; None if there is none, or it is damaged."""
    if not folder.is_dir():
        return None
    try:
        digests = _digests(folder)
        return Table(
            *(_load(folder / f"{field}.bin", kind, digests[field]) for field, kind in _FIELDS.items())
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("%s is damaged and is made again: %s", folder, error)
        return None


def _digests(folder: Path) -> dict[str, str]:
    data = reading.read_file(folder / _DIGESTS, max_bytes=_DIGESTS_BYTES)
    if not sealed.is_whole(data):
        raise ValueError(f"{_DIGESTS} has changed since it was written")
    digests: dict[str, str] = json.loads(data)["files"]
    return digests


def _load(path: Path, kind: str, sha256: str) -> NDArray[Any]:
    """A file of a table, compared with its digest unless this process has done so.

    Raises:
        ValueError: If it is another.
        OSError: If it cannot be read.
    """
    with os.fdopen(reading.open_file(path), "rb") as file:
        status = os.fstat(file.fileno())
        version = (path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if version not in _compared:
            if reading.sha256_of_file(file) != sha256:
                raise ValueError(f"{path.name} has another sha256 than when it was written")
            _compared.add(version)
        if not status.st_size:  # an empty file cannot be mapped
            return np.empty(0, kind)
        return np.memmap(file, kind, "r").view(np.ndarray)
