"""Arrow IPC files and streams: one column holds the text; a document's start is the number of its row.

`datasets` saves its tables as streams of record batches of 1,000 rows. The file is mapped, so that rows cost
no memory but their own text, and slices are ranges of whole record batches. The headers of all batches before
a slice are read to find it; their rows are not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import pyarrow as pa

from corpuskit.errors import CorpuskitError, SourceError, reason_of
from corpuskit.plugin import (
    BATCH_BYTES,
    BATCH_DOCUMENTS,
    BadDocuments,
    BadRows,
    DocumentBatch,
    Input,
    Keep,
    OnBadDocument,
    Reader,
    Slice,
    all_columns,
    as_bytes,
    column_documents,
    is_plain,
    is_remote,
    kept_columns,
    kept_paths,
    open_raw,
    text_column,
    text_path,
    told_by_head,
)

_FILE_MAGIC = b"ARROW1"


class ArrowReader(Reader):
    """Reads Arrow IPC files and streams.

    Options:
        text_field: The column that holds the text; dots lead into structs.
    """

    OPTIONS: ClassVar[Mapping[str, Any]] = {**Reader.COMMON_OPTIONS, "text_field": "text"}
    PLACES: ClassVar[Literal["bytes", "rows"]] = "rows"
    COUNTS_ROWS: ClassVar[bool] = True

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.keep = Keep(self.options["keep"])

    def fields(self, item: Input) -> Sequence[str]:
        """The columns, and what is in structs."""
        with self._batches(item) as batches:
            first = next(batches, None)
            return () if first is None else all_columns(first.schema)

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Ranges of rows, each of whole record batches."""
        slices: list[Slice] = []
        row = begin = size = 0
        with self._batches(item) as batches:
            for batch in batches:
                row += batch.num_rows
                size += self._column(item, batch).nbytes
                if size >= target_bytes and row > begin:
                    slices.append(Slice(begin, row, size, document_start=begin))
                    begin, size = row, 0
        if row > begin:
            slices.append(Slice(begin, row, size, document_start=begin))
        return slices

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The texts of a range of rows."""
        bad = BadRows(self, item, on_bad)
        end = 0
        with self._batches(item) as batches:
            for batch in batches:
                first, end = end, end + batch.num_rows
                if part.stop is not None and first >= part.stop:
                    return
                start = max(part.start - first, 0)
                stop = batch.num_rows if part.stop is None else min(batch.num_rows, part.stop - first)
                if start < stop:
                    column = self._column(item, batch).slice(start, stop - start)
                    paths = kept_paths(item, self.keep, batch.schema)
                    fields = kept_columns(batch.slice(start, stop - start), paths)
                    yield from self._texts(item, column, fields, first + start, bad)

    def _texts(
        self, item: Input, column: pa.Array, fields: Mapping[str, pa.Array], first: int, bad: BadDocuments
    ) -> Iterator[DocumentBatch]:
        """The documents of a column, with the kept ones' values, in batches of bounded size."""
        average = max(column.nbytes // len(column), 1)
        rows = min(max(BATCH_BYTES // average, 1), BATCH_DOCUMENTS)
        for at in range(0, len(column), rows):
            kept = {name: values.slice(at, rows) for name, values in fields.items()}
            batch = self._batch(item, column.slice(at, rows), kept, first + at, bad)
            if batch.texts:
                yield batch

    def _batch(
        self, item: Input, column: pa.Array, fields: Mapping[str, pa.Array], first: int, bad: BadDocuments
    ) -> DocumentBatch:
        try:
            column.validate()
            for values in fields.values():
                values.validate()
            texts = as_bytes(column)
        except pa.ArrowException as error:
            raise _damaged(item, error) from error
        return column_documents(
            texts,
            first,
            bad,
            max_document_bytes=self.options["max_document_bytes"],
            fields=fields,
            keep=self.keep,
        )

    @contextlib.contextmanager
    def _batches(self, item: Input) -> Iterator[Iterator[pa.RecordBatch]]:
        """The file's record batches, read as they are asked for; afterwards it must have stayed the same."""
        if not is_plain(item):
            raise SourceError(
                f"{item.name}: Arrow inside another compression; unpack it first", path=item.name
            )
        with contextlib.closing(open_raw(item)) as raw:
            stored = (
                pa.PythonFile(raw, mode="r") if is_remote(item.location) else pa.memory_map(item.location)
            )
            with stored as file:
                yield _record_batches(item, file)
            raw.check_unchanged()

    def _column(self, item: Input, batch: pa.RecordBatch) -> pa.Array:
        """The text's column.

        Raises:
            SourceError: If there is no such column, if there are two, or if it holds no text.
        """
        return text_column(batch, text_path(item, self.options["text_field"], batch.schema))


def _record_batches(item: Input, file: Any) -> Iterator[pa.RecordBatch]:
    try:
        head = file.read(len(_FILE_MAGIC))
        file.seek(0)
        if not head:
            return
        if head == _FILE_MAGIC:
            opened = pa.ipc.open_file(file)
            for number in range(opened.num_record_batches):
                yield opened.get_batch(number)
            return
        stream = pa.ipc.open_stream(file)
        while True:
            try:
                yield stream.read_next_batch()
            except StopIteration:
                return
    except CorpuskitError:
        raise
    except (OSError, EOFError, pa.ArrowException) as error:
        raise _damaged(item, error) from error


def _damaged(item: Input, error: Exception) -> SourceError:
    return told_by_head(item, b"ARROW1") or SourceError(
        f"{item.name}: not an Arrow file, damaged, or cut off: {reason_of(error):.200}; get it again",
        path=item.name,
    )


__all__ = ["ArrowReader"]
