"""Kept fields on disk: an Arrow file beside each shard, with a row for each document that ends in it.

The bytes of a file follow from its rows and their types alone: the options of its writer are pinned, and a
record batch ends with the row with which it has 16,384 rows or 16 Mi characters of text, however they came.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.registry.distribution import install_command
from corpuskit.storage import FileWriter

if TYPE_CHECKING:
    import pyarrow

#: How many rows a record batch has, but for the last one and those of much text.
BATCH_ROWS = 16_384
#: A record batch with so many characters of text ends.
BATCH_CHARACTERS = 16 * 2**20

#: A field's values: as many as there are documents.
Columns = Mapping[str, Sequence[Any]]


def import_pyarrow(why: str, remedy: str = "") -> Any:
    """The module `pyarrow`.

    Args:
        why: What it is needed for, as the beginning of an error.
        remedy: What else can be done than to install it.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError as error:
        raise ConfigError(
            f"{why} needs a package that is not installed; run: {install_command('formats')}{remedy}"
        ) from error
    return pyarrow


def arrow_schema(types: Mapping[str, str]) -> pyarrow.Schema:
    """The schema of a file of fields.

    Args:
        types: The type of each field, "str", "int", "float" or "bool", in order.
    """
    pa = import_pyarrow("keeping fields", ", or keep none with --keep ''")
    arrow = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    return pa.schema([(name, arrow[type]) for name, type in types.items()])


def no_rows(schema: pyarrow.Schema) -> pyarrow.Table:
    """A table without a row. Arrow's own way imports pandas where it is installed: half a second."""
    pa = import_pyarrow("keeping fields")
    return pa.Table.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


class FieldsWriter:
    """Writes a file of fields, with no more than one record batch in memory.

    Args:
        path: The file.
        types: The type of each field, in order.

    Attributes:
        types: The type of each field, in order.
        num_rows: How many rows were added.

    Raises:
        ConfigError: If pyarrow is not installed.
    """

    def __init__(self, path: Path, types: Mapping[str, str]) -> None:
        self.types = dict(types)
        self.num_rows = 0
        self._schema = arrow_schema(types)
        # Rows that wait for their batch: values, or where tables came, tables.
        self._columns: list[list[Any]] = [[] for _ in types]
        self._tables: list[pyarrow.Table] = []
        self._num_waiting = self._num_characters = 0
        self._file = FileWriter(path)
        self._stream: Any = None
        try:
            self._stream = _stream(self._file, self._schema)
        except BaseException:
            self._file.abort()
            raise

    @property
    def size_bytes(self) -> int:
        """Bytes written so far."""
        return self._file.size_bytes

    @property
    def sha256(self) -> str:
        """The digest of the bytes written so far."""
        return self._file.sha256

    def add(self, columns: Columns, num_rows: int) -> None:
        """Append rows.

        Args:
            columns: The values of each field; one that is not there is null in all rows.
            num_rows: How many rows.
        """
        if self._tables:
            self.add_table(self._table_of([columns.get(name) for name in self.types], num_rows))
            return
        nulls = [None] * num_rows if len(columns) < len(self.types) else []
        values = [columns.get(name, nulls) for name in self.types]
        texts = [column for column, type in zip(values, self.types.values(), strict=True) if type == "str"]
        at = 0
        while at < num_rows:
            take = min(num_rows - at, BATCH_ROWS - self._num_waiting)
            added = sum(_num_characters(column[at : at + take]) for column in texts)
            if self._num_characters + added >= BATCH_CHARACTERS:
                take, added = self._until_full(texts, at, take)
            for column, more in zip(self._columns, values, strict=True):
                column.extend(more[at : at + take])
            at += take
            self._took(take, added)

    def add_table(self, table: pyarrow.Table) -> None:
        """Append rows that are a table already, which costs little.

        Args:
            table: The values of fields in their types; a field that is not there is null in all rows.
        """
        pa = import_pyarrow("keeping fields")
        if self._columns[0]:
            self._tables = [self._table_of(self._columns, self._num_waiting)]
            self._columns = [[] for _ in self.types]
        num_rows = table.num_rows
        columns = [
            table.column(field.name) if field.name in table.column_names else pa.nulls(num_rows, field.type)
            for field in self._schema
        ]
        table = pa.Table.from_arrays(columns, schema=self._schema)
        until = _characters_until(table)
        at = 0
        while at < num_rows:
            take = min(num_rows - at, BATCH_ROWS - self._num_waiting)
            left = BATCH_CHARACTERS - self._num_characters
            take = min(take, int(np.searchsorted(until, until[at] + left)) - at)
            self._tables.append(table.slice(at, take))
            at += take
            self._took(take, int(until[at] - until[at - take]))

    def _took(self, num_rows: int, num_characters: int) -> None:
        """Count rows that wait, and write them if they are a batch."""
        self.num_rows += num_rows
        self._num_waiting += num_rows
        self._num_characters += num_characters
        if self._num_waiting == BATCH_ROWS or self._num_characters >= BATCH_CHARACTERS:
            self._flush()

    def _until_full(self, texts: Sequence[Sequence[Any]], at: int, most: int) -> tuple[int, int]:
        """How many rows, and characters of text, until the one with which a batch has enough of it."""
        added = 0
        for take in range(1, most + 1):
            added += sum(len(column[at + take - 1] or "") for column in texts)
            if self._num_characters + added >= BATCH_CHARACTERS:
                break
        return take, added

    def _table_of(self, columns: Sequence[Sequence[Any] | None], num_rows: int) -> pyarrow.Table:
        """Values as a table; those of a field that are None are null."""
        pa = import_pyarrow("keeping fields")
        arrays = [
            pa.nulls(num_rows, field.type) if column is None else pa.array(column, type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _flush(self) -> None:
        pa = import_pyarrow("keeping fields")
        tables = self._tables or [self._table_of(self._columns, self._num_waiting)]
        # Two arrays at least, since one alone would keep bits that are no part of it.
        table = pa.concat_tables([*tables, no_rows(self._schema)])
        arrays = [pa.concat_arrays(column.chunks) for column in table.columns]
        self._stream.write_batch(pa.record_batch(arrays, schema=self._schema))
        self._columns, self._tables = [[] for _ in self.types], []
        self._num_waiting = self._num_characters = 0

    def commit(self, *, flush_name: bool = True) -> None:
        """Write what is left, and give the file its name; see `corpuskit.storage.FileWriter.commit`."""
        self._end()
        self._file.commit(flush_name=flush_name)

    def keep(self, path: Path) -> None:
        """Write what is left, and give the file another name, to be read again and deleted."""
        self._end()
        self._file.keep(path)

    def _end(self) -> None:
        if self._num_waiting:
            self._flush()
        self._stream.close()

    def abort(self) -> None:
        """Forget everything that was written; does nothing after a commit."""
        self._file.abort()

    def __enter__(self) -> FieldsWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.abort()


def _num_characters(column: Sequence[Any]) -> int:
    return sum(map(len, filter(None, column)))


def zero_if_null(numbers: pyarrow.ChunkedArray) -> NDArray[Any]:
    """A column of numbers as an array, 0 for null."""
    from pyarrow import compute

    # Filling imports pandas where it is installed, and so would `to_numpy`.
    filled = compute.fill_null(numbers, 0) if numbers.null_count else numbers
    found = [np.empty(0, np.int64)]
    for chunk in filled.chunks:
        values = np.frombuffer(chunk.buffers()[1], str(chunk.type))
        found.append(values[chunk.offset : chunk.offset + len(chunk)])
    return np.concatenate(found)


def _characters_until(table: pyarrow.Table) -> Ints:
    """int64[D + 1]: how many characters of text come before each row of a table, and after the last."""
    from pyarrow import compute

    found: Ints = np.zeros(table.num_rows + 1, np.int64)
    for column in table.columns:
        if str(column.type) == "string":
            found[1:] += zero_if_null(compute.utf8_length(column))
    return np.cumsum(found, out=found)


def _stream(file: FileWriter, schema: pyarrow.Schema) -> Any:
    """What writes record batches into a file; its options decide bytes."""
    import pyarrow as pa

    options = pa.ipc.IpcWriteOptions(
        metadata_version=pa.ipc.MetadataVersion.V5,
        allow_64bit=False,
        use_legacy_format=False,
        compression=None,
        use_threads=False,
        emit_dictionary_deltas=False,
        unify_dictionaries=False,
    )
    return pa.ipc.new_file(pa.PythonFile(ArrowSink(file), mode="w"), schema, options=options)


class ArrowSink(io.RawIOBase):
    """A file that is being written, as Arrow takes it."""

    def __init__(self, file: FileWriter) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._file.write(view)
        return view.nbytes

    def tell(self) -> int:
        return self._file.size_bytes


@contextlib.contextmanager
def open_rows(path: Path) -> Iterator[tuple[Mapping[str, str], Iterator[dict[str, list[Any]]]]]:
    """The types of a file of fields that this program wrote a moment ago, and its rows, batch by batch."""
    pa = import_pyarrow("keeping fields")
    with pa.memory_map(str(path)) as file:
        opened = pa.ipc.open_file(file)
        batches = (opened.get_batch(number).to_pydict() for number in range(opened.num_record_batches))
        yield types_of(opened.schema), batches


def types_of(schema: pyarrow.Schema) -> dict[str, str]:
    """The types of fields by their names; empty for what no field has.

    Args:
        schema: The schema of a file.
    """
    names = {"string": "str", "int64": "int", "double": "float", "bool": "bool"}
    return {field.name: names.get(str(field.type), "") for field in schema}


def converted(columns: Columns, types: Mapping[str, str]) -> dict[str, Sequence[Any]]:
    """Values of fields as the types want them: whole numbers become text where the field is text.

    Args:
        columns: The values of each field.
        types: The type that each is to have; others are left out.
    """
    return {
        name: [str(v) if type(v) is int else v for v in columns[name]]
        if types[name] == "str"
        else columns[name]
        for name in types
        if name in columns
    }


__all__ = [
    "ArrowSink",
    "BATCH_CHARACTERS",
    "BATCH_ROWS",
    "Columns",
    "FieldsWriter",
    "arrow_schema",
    "converted",
    "import_pyarrow",
    "no_rows",
    "open_rows",
    "types_of",
    "zero_if_null",
]
