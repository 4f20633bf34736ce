"""A split as a table: one row a document, in record batches that follow from the documents alone.

A batch ends with the document with which it has so many bytes or rows, wherever the corpus's shards end. So
the same documents give the same batches, and memory holds one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints, Tokens
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.fields import arrow_schema, import_pyarrow, no_rows, zero_if_null
from corpuskit.errors import ConfigError
from corpuskit.formats.export import Export
from corpuskit.value_streams import LOSS

if TYPE_CHECKING:
    import pyarrow

#: What trainers call the ids, and the mask of those that are learned, 1, or not, 0.
IDS, MASK = "input_ids", "assistant_masks"
#: The document with which a batch has so many bytes is its last one.
_BATCH_BYTES = 8 * 2**20
#: The longest document in tokens: a row is put together in memory, a few times over.
_MAX_TOKENS = 2**24
#: The key of what a table says of its ids; in JSON, as the schema's metadata.
METADATA_KEY = "corpuskit"


class Rows:
    """The documents of a split, as record batches.

    A subclass says what is made of the ids in `columns`.

    Args:
        export: Gives tokens, documents, fields and the mask.
        split: The split's name.

    Class attributes:
        max_rows: The most rows in a batch; None for as many as have 8 MiB.

    Attributes:
        has_mask: Whether the mask is written; false of a class that never does.
        schema: The columns: those of the ids, then the kept fields.

    Raises:
        ConfigError: If pyarrow is not installed.
    """

    max_rows: ClassVar[int | None] = None
    has_mask: bool = True

    def __init__(self, export: Export, split: str) -> None:
        self.export, self.split = export, split
        self.has_mask = self.has_mask and LOSS in export.corpus[split].streams
        self._fields = arrow_schema(export.corpus.manifest.field_types)
        self.schema = self._make_schema()

    def own_fields(self) -> list[pyarrow.Field]:
        """The columns that are made of the ids."""
        pa = import_pyarrow("exporting tables")
        ids = pa.from_numpy_dtype(np.dtype(self.export.corpus.manifest.dtype).newbyteorder("="))
        found = [pa.field(IDS, pa.large_list(ids))]
        if self.has_mask:
            found.append(pa.field(MASK, pa.large_list(pa.uint8())))
        return found

    def columns(self, bounds: Ints, ids: Tokens, mask: NDArray[Any] | None) -> list[pyarrow.Array]:
        """The values of `own_fields` for some documents.

        Args:
            bounds: int64[D + 1], where each of D documents begins and ends among the ids.
            ids: Their ids.
            mask: Their mask, an item an id, if the split has one.
        """
        found = [_lists(bounds, ids)]
        return found if mask is None else [*found, _lists(bounds, mask)]

    def _make_schema(self) -> pyarrow.Schema:
        pa = import_pyarrow("exporting tables")
        tokenizer = self.export.corpus.manifest.tokenizer
        about = {
            "encoding": tokenizer.name,
            "vocab_size": tokenizer.vocab_size,
            "eot_id": tokenizer.eot_id,
            "tokenizer_fingerprint": tokenizer.fingerprint,
        }
        return pa.schema([*self.own_fields(), *self._fields], metadata={METADATA_KEY: json.dumps(about)})

    def batches(self) -> Iterator[tuple[Ints, pyarrow.RecordBatch]]:
        """The lengths of documents in tokens, int64[D], and their rows, in order.

        Raises:
            CorpusFormatError: If the corpus is damaged.
            ConfigError: If a document is too long for a row.
        """
        pa = import_pyarrow("exporting tables")
        ids = _Items(self.export.tokens(self.split), self.export.corpus.manifest.dtype)
        mask = _Items(self.export.stream(self.split, LOSS), "|u1") if self.has_mask else None
        for lengths, fields in self._groups():
            bounds: Ints = np.concatenate(([0], np.cumsum(lengths)))
            num_tokens = int(bounds[-1])
            own = self.columns(bounds, ids.take(num_tokens), None if mask is None else mask.take(num_tokens))
            # Two arrays at least, since one alone would keep bits that are no part of it.
            kept = [
                pa.concat_arrays([*fields.column(name).chunks, pa.nulls(0, fields.column(name).type)])
                for name in self._fields.names
            ]
            yield lengths, pa.RecordBatch.from_arrays([*own, *kept], schema=self.schema)

    def _groups(self) -> Iterator[tuple[Ints, pyarrow.Table]]:
        """The lengths and the fields of the documents of each batch."""
        pa = import_pyarrow("exporting tables")
        lengths: list[Ints] = []
        tables: list[pyarrow.Table] = []
        num_rows = num_bytes = 0
        for piece, fields in self._documents():
            costs = np.cumsum(piece * self._token_bytes + _field_bytes(fields))
            at, before = 0, 0
            while at < len(piece):
                stop = int(np.searchsorted(costs, before + _BATCH_BYTES - num_bytes)) + 1
                if self.max_rows is not None:
                    stop = min(stop, at + self.max_rows - num_rows)
                full = stop <= len(piece) and (
                    num_bytes + int(costs[stop - 1]) - before >= _BATCH_BYTES
                    or num_rows + stop - at == self.max_rows
                )
                stop = min(stop, len(piece))
                lengths.append(piece[at:stop])
                tables.append(fields.slice(at, stop - at))
                num_rows, num_bytes = num_rows + stop - at, num_bytes + int(costs[stop - 1]) - before
                at, before = stop, int(costs[stop - 1])
                if full:
                    yield np.concatenate(lengths), pa.concat_tables(tables)
                    lengths, tables, num_rows, num_bytes = [], [], 0, 0
        if lengths:
            yield np.concatenate(lengths), pa.concat_tables(tables)

    @property
    def _token_bytes(self) -> int:
        return self.export.corpus[self.split].dtype.itemsize + self.has_mask

    def _documents(self) -> Iterator[tuple[Ints, pyarrow.Table]]:
        """The lengths and the fields of documents, some of them at a time.

        Raises:
            ConfigError: If one is too long for a row.
        """
        rows = _Rows(self.export.fields(self.split), self._fields)
        last = first = 0
        for ends in self.export.document_ends(self.split):
            lengths = np.diff(ends, prepend=last)
            longest = int(lengths.argmax())
            if lengths[longest] > _MAX_TOKENS:
                raise ConfigError(
                    f"{self.export.corpus.path}: document {first + longest:,} of split {self.split!r} has "
                    f"{lengths[longest]:,} tokens, and a row holds {_MAX_TOKENS:,}; prepare it with a "
                    "--separator, or export it as safetensors",
                    expected=_MAX_TOKENS,
                    found=int(lengths[longest]),
                )
            yield lengths, rows.take(len(lengths))
            last, first = int(ends[-1]), first + len(ends)


def check_names(corpus: Corpus, own: list[str], format_name: str) -> None:
    """Refuse kept fields that are named as a column that is made of the ids.

    Raises:
        ConfigError: If one is.
    """
    for name in corpus.manifest.field_types:
        if name in own:
            raise ConfigError(
                f"{corpus.path}: the kept field {name!r} would have the name of the {format_name} column of "
                f"ids; prepare it with a --keep that leaves {name!r} out",
                found=name,
            )


def _lists(bounds: Ints, items: NDArray[Any]) -> pyarrow.Array:
    """Rows over an array that is not copied."""
    pa = import_pyarrow("exporting tables")
    # `pyarrow.array` would import pandas, if that is installed, which takes longer than a small export.
    starts, values = (
        pa.Array.from_buffers(
            pa.from_numpy_dtype(array.dtype.newbyteorder("=")), len(array), [None, pa.py_buffer(array)]
        )
        for array in (bounds, items)
    )
    return pa.LargeListArray.from_arrays(starts, values)


def _field_bytes(fields: pyarrow.Table) -> Ints:
    """int64[D]: about how much memory each row takes, a place in the list of ids included."""
    pa = import_pyarrow("exporting tables")
    from pyarrow import compute

    found: Ints = np.full(fields.num_rows, 8 + 8 * fields.num_columns, np.int64)
    for column in fields.columns:
        if column.type == pa.string():
            found += zero_if_null(compute.binary_length(column))
    return found


class _Items:
    """Pieces of an array, to take any number of items from at a time."""

    def __init__(self, pieces: Iterator[NDArray[Any]], dtype: str) -> None:
        self._pieces = pieces
        self._rest: NDArray[Any] = np.empty(0, dtype)

    def take(self, count: int) -> NDArray[Any]:
        """The next items, copied: a piece is good until the next one is asked for."""
        made = np.empty(count, self._rest.dtype)
        at = 0
        while at < count:
            if not len(self._rest):
                self._rest = next(self._pieces)
            step = min(count - at, len(self._rest))
            made[at : at + step] = self._rest[:step]
            self._rest = self._rest[step:]
            at += step
        return made


class _Rows:
    """Tables of a few rows, to take any number of rows from at a time; after the last one, rows of nulls."""

    def __init__(self, tables: Iterator[pyarrow.Table], schema: pyarrow.Schema) -> None:
        pa = import_pyarrow("exporting tables")
        self._tables = tables
        self._rest: pyarrow.Table = None
        # A table of no columns has no number of rows.
        self._schema = schema if len(schema) else pa.schema([("", pa.null())])

    def take(self, count: int) -> pyarrow.Table:
        pa = import_pyarrow("exporting tables")
        taken = [no_rows(self._schema)]
        while count:
            table = self._rest or next(self._tables, None)
            if table is None:
                nulls = [pa.nulls(count, field.type) for field in self._schema]
                table = pa.Table.from_arrays(nulls, schema=self._schema)
            step = min(count, table.num_rows)
            taken.append(table.slice(0, step))
            self._rest = table.slice(step) if step < table.num_rows else None
            count -= step
        return pa.concat_tables(taken)


__all__ = ["IDS", "MASK", "METADATA_KEY", "Rows", "check_names"]
