"""Tables of other trainers: a row a document, its ids a list of whole numbers in one column.

Files say themselves where their values are, so each piece of a record batch is looked through before its
values are used, and a piece is all that is turned into anything else.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.corpus.fields import Columns, arrow_schema, import_pyarrow
from corpuskit.errors import CorpusFormatError, CorpuskitError, reason_of
from corpuskit.formats import foreign
from corpuskit.formats.foreign import ForeignBlock, ForeignFile, ForeignPlace
from corpuskit.formats.rows import IDS, MASK, METADATA_KEY
from corpuskit.sources.kept_fields import MAX_FIELDS, FieldType
from corpuskit.value_streams import LOSS, LOSS_INFO

if TYPE_CHECKING:
    import pyarrow

log = logging.getLogger(__name__)

#: What the mask may be called; the first that is there is read.
_MASKS = (MASK, "loss_mask")
#: Rows that are looked through at once.
_ROWS = 4096
#: Columns that pandas adds for itself begin so.
_INDEX = "__index_level_"
_SHOWN_COLUMNS = 8


@dataclasses.dataclass(frozen=True, slots=True)
class TableColumns:
    """Which columns of a table are read, and as what.

    Args:
        mask: The column of the mask; None if there is none.
        fields: The type of each column that is a kept field, in order.
        left_out: The columns that are not read.
    """

    mask: str | None
    fields: dict[str, FieldType]
    left_out: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        return [IDS, *([] if self.mask is None else [self.mask]), *self.fields]


class TableFile(ForeignFile):
    """A file of rows; a subclass gives them as record batches.

    Args:
        split: The split that it belongs to.
        path: The file.
        columns: Which columns are read.
    """

    num_tokens = None

    def __init__(self, split: str, path: Path, columns: TableColumns) -> None:
        self.split, self.path, self.paths = split, path, (path,)
        self.columns = columns
        self.streams = {} if columns.mask is None else {LOSS: LOSS_INFO}
        self.fields = columns.fields

    @property
    def has_documents(self) -> bool:
        """A row is a document."""
        return True

    @abc.abstractmethod
    def batches(self) -> Iterator[pyarrow.RecordBatch]:
        """The rows of `columns.names`, as they come; they need not be sound.

        Raises:
            pyarrow.ArrowException: If the file is damaged.
        """

    def blocks(self) -> Iterator[ForeignBlock]:
        """See `ForeignFile`."""
        first = 0
        for rows in self._pieces():
            with damage_in(self.path):
                rows.validate(full=True)
                ids, ends = self._lists(rows, IDS, first)
                streams = self._mask(rows, ends, first)
                fields = self._fields(rows)
            yield from _cut(ids, ends, streams, fields)
            first += rows.num_rows

    def _pieces(self) -> Iterator[pyarrow.RecordBatch]:
        """The batches, not too many rows at a time."""
        batches = self.batches()
        while True:
            with damage_in(self.path):
                batch = next(batches, None)
            if batch is None:
                return
            for at in range(0, batch.num_rows, _ROWS):
                yield batch.slice(at, _ROWS)

    def _lists(self, rows: pyarrow.RecordBatch, name: str, first: int) -> tuple[NDArray[Any], Ints]:
        """The items of a column of lists, one after another, and where each row ends among them."""
        from pyarrow import compute

        column = rows.column(name)
        if column.null_count:
            raise self._null(name, first + _first_null(column))
        items = column.flatten()
        ends: Ints = np.cumsum(compute.list_value_length(column).to_numpy(), dtype=np.int64)
        if items.null_count:
            raise self._null(name, first + int(np.searchsorted(ends, _first_null(items), "right")))
        return items.to_numpy(zero_copy_only=False), ends

    def _null(self, name: str, row: int) -> CorpusFormatError:
        return CorpusFormatError(
            f"{self.path}: {name!r} of row {row:,} is null, or has a null in it; write the file again "
            "without such rows",
            path=self.path,
            found=row,
        )

    def _mask(self, rows: pyarrow.RecordBatch, ends: Ints, first: int) -> dict[str, NDArray[Any]]:
        """The mask as the stream of values that it becomes.

        Raises:
            CorpusFormatError: If it does not belong to the ids, or is not of 0 and 1.
        """
        name = self.columns.mask
        if name is None:
            return {}
        items, own_ends = self._lists(rows, name, first)
        if not np.array_equal(ends, own_ends):
            row = int(np.argmax(ends != own_ends))
            raise CorpusFormatError(
                f"{self.path}: {name!r} of row {first + row:,} has another length than {IDS!r}; make the "
                "mask again, or leave the column out",
                path=self.path,
                found=first + row,
            )
        wrong = (items != 0) & (items != 1)
        if wrong.any():
            at = int(np.argmax(wrong))
            row = first + int(np.searchsorted(ends, at, "right"))
            raise CorpusFormatError(
                f"{self.path}: {name!r} of row {row:,} has {items[at]}, and a mask is of 0 and 1; make it "
                "again, or leave the column out",
                path=self.path,
                expected=(0, 1),
                found=int(items[at]),
            )
        return {LOSS: items.astype(np.uint8)}

    def _fields(self, rows: pyarrow.RecordBatch) -> Columns:
        return {
            field.name: rows.column(field.name).cast(field.type).to_pylist()
            for field in arrow_schema(self.fields)
        }


def read_tables(
    place: ForeignPlace,
    files: Sequence[tuple[str, Path]],
    open_schema: Callable[[Path], pyarrow.Schema],
    table: Callable[[str, Path, TableColumns], TableFile],
) -> list[ForeignFile]:
    """The tables that are files, after a look at their columns.

    Args:
        place: What the user says of them.
        files: The split and the path of each.
        open_schema: Reads the schema of a file.
        table: Makes what reads its rows.

    Raises:
        ConfigError: If pyarrow is not installed.
        CorpusFormatError: If one has no column of ids, or ids of another tokenizer.
    """
    found: list[ForeignFile] = []
    said: set[str] = set()
    for split, path in files:
        with damage_in(path):
            schema = open_schema(path)
            columns = _columns(schema, path)
            place.check_tokenizer(path, _about(schema))
        new = [name for name in columns.left_out if name not in said]
        said.update(new)
        if new:
            log.warning(
                "%s: left out %s; kept fields are text, whole numbers, floats, or true and false",
                path,
                _shown(new),
            )
        found.append(table(split, path, columns))
    return found


def _about(schema: pyarrow.Schema) -> Any:
    """What corpuskit wrote of the ids, if it did."""
    try:
        return json.loads((schema.metadata or {})[METADATA_KEY.encode()])
    except (LookupError, ValueError, RecursionError):
        return None


def _columns(schema: pyarrow.Schema, path: Path) -> TableColumns:
    """Which columns of a file are read.

    Raises:
        CorpusFormatError: If there is no column of ids.
    """
    names = [name for name, count in Counter(schema.names).items() if count == 1]
    if IDS not in names or not _is_list(schema.field(IDS).type, mask=False):
        raise _no_ids(schema, path)
    mask = next((name for name in _MASKS if name in names and _is_list(schema.field(name).type)), None)
    fields: dict[str, FieldType] = {}
    for name in names:
        type = _field_type(schema.field(name).type)
        if type is not None and name and not name.startswith(_INDEX) and len(fields) < MAX_FIELDS:
            fields[name] = type
    left_out = [name for name in schema.names if name not in (IDS, mask, *fields)]
    return TableColumns(mask, fields, tuple(left_out))


def _is_list(type: pyarrow.DataType, *, mask: bool = True) -> bool:
    """Whether a column has lists of whole numbers, or, of a mask, also of true and false."""
    types = import_pyarrow("importing tables").types
    if not (types.is_list(type) or types.is_large_list(type)) and not (
        types.is_fixed_size_list(type) and type.list_size > 0
    ):
        return False
    return bool(types.is_integer(type.value_type) or (mask and types.is_boolean(type.value_type)))


def _field_type(type: pyarrow.DataType) -> FieldType | None:
    types = import_pyarrow("importing tables").types
    if types.is_string(type) or types.is_large_string(type):
        return "str"
    if types.is_boolean(type):
        return "bool"
    if types.is_integer(type):
        return "int"
    return "float" if types.is_floating(type) else None


def _no_ids(schema: pyarrow.Schema, path: Path) -> CorpusFormatError:
    """The error about a table without ids: what else it is."""
    if IDS in schema.names:
        found = ", ".join(str(field.type) for field in schema if field.name == IDS)
        what = (
            f"{IDS!r} is {found:.80}; expected one column of lists of whole numbers: write the file again so"
        )
    elif "text" in schema.names:
        what = f"it has text, and no ids in a column {IDS!r}; prepare it instead: corpuskit prepare {path}"
    else:
        what = (
            f"no column {IDS!r} of lists of whole numbers; it has {_shown(schema.names)}: rename the column"
        )
    return CorpusFormatError(f"{path}: {what}", path=path, expected=IDS, found=schema.names)


def _shown(names: Sequence[str]) -> str:
    shown = ", ".join(f"{name!r:.40}" for name in names[:_SHOWN_COLUMNS])
    return (shown or "none") + (", ..." if len(names) > _SHOWN_COLUMNS else "")


def _cut(
    ids: NDArray[Any], ends: Ints, streams: dict[str, NDArray[Any]], fields: Columns
) -> Iterator[ForeignBlock]:
    """Rows as blocks of not too many ids, each with the documents that end in it."""
    first = 0
    for start in range(0, max(len(ids), 1), foreign.BLOCK_TOKENS):
        stop = min(start + foreign.BLOCK_TOKENS, len(ids))
        until = int(np.searchsorted(ends, stop, "right"))
        yield ForeignBlock(
            ids[start:stop],
            ends[first:until] - start,
            {name: items[start:stop] for name, items in streams.items()},
            {name: values[first:until] for name, values in fields.items()},
        )
        first = until


def _first_null(array: pyarrow.Array) -> int:
    return int(np.argmax(array.is_null().to_numpy(zero_copy_only=False)))


@contextlib.contextmanager
def damage_in(path: Path) -> Iterator[None]:
    """Say in one line of what Arrow finds wrong with a file.

    Args:
        path: The file.

    Raises:
        CorpusFormatError: If it finds something.
    """
    pa = import_pyarrow("importing tables")
    try:
        yield
    except CorpuskitError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CorpusFormatError(
            f"{path}: damaged, cut short, or of another format: {reason_of(error):.200}; get it again, or "
            "choose another --format",
            path=path,
        ) from error


__all__ = ["TableColumns", "TableFile", "damage_in", "read_tables"]
