"""Parquet: one column holds the text; row groups are read one at a time, a batch of rows at a time.

A document's start is the number of its row. Checksums of pages are verified where the file has them.
"""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from corpuskit.errors import ConfigError, CorpuskitError, SourceError, reason_of
from corpuskit.registry.distribution import install_command
from corpuskit.sources.base import Input, OnBadDocument, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.archives import open_raw
from corpuskit.sources.inputs.files import told_by_head
from corpuskit.sources.inputs.stream import is_plain
from corpuskit.sources.readers.arrow import as_bytes, column_documents, kept_columns, kept_paths, text_column
from corpuskit.sources.readers.base import BATCH_DOCUMENTS, BadDocuments, BadRows, Reader
from corpuskit.sources.readers.columns import all_columns, text_path
from corpuskit.sources.readers.kept import Keep


class ParquetReader(Reader):
    """Reads Parquet files.

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
        with self._parquet(item) as file:
            return all_columns(file.schema_arrow)

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Ranges of rows, each of whole row groups."""
        with self._parquet(item) as file:
            groups = [(group.num_rows, self._text_bytes(group)) for group in _row_groups(file)]
        slices: list[Slice] = []
        row = begin = size = 0
        for number, (num_rows, text_bytes) in enumerate(groups):
            row += num_rows
            size += text_bytes
            if size >= target_bytes or number == len(groups) - 1:
                slices.append(Slice(begin, row, size, document_start=begin))
                begin, size = row, 0
        return slices

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The documents of a range of rows."""
        bad = BadRows(self, item, on_bad)
        with self._parquet(item) as file:
            rows_of = self.rows(item, file.schema_arrow, bad)
            end = 0
            for number, group in enumerate(_row_groups(file)):
                first, end = end, end + group.num_rows
                if end <= part.start or (part.stop is not None and first >= part.stop) or first == end:
                    continue
                average = max(self._text_bytes(group) // group.num_rows, 1)
                rows = min(max(self.block_bytes // average, 1), BATCH_DOCUMENTS)
                yield from self._group(item, file, number, first, rows, rows_of, part)

    def rows(self, item: Input, schema: Any, bad: BadDocuments) -> Rows:
        """What makes documents of an input's rows.

        Raises:
            SourceError: If the input has no column for it.
        """
        return TextRows(item, schema, bad, self)

    def _group(
        self, item: Input, file: Any, number: int, first: int, rows: int, rows_of: Rows, part: Slice
    ) -> Iterator[DocumentBatch]:
        """The documents of one row group, as far as they are in the slice."""
        import pyarrow as pa

        batches = file.iter_batches(batch_size=rows, row_groups=[number], columns=rows_of.columns)
        while part.stop is None or first < part.stop:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                skipped = max(part.start - first, 0)
                stop = len(batch) if part.stop is None else min(len(batch), part.stop - first)
                found = None
                if skipped < stop:
                    found = rows_of.documents(batch.slice(skipped, stop - skipped), first + skipped)
            except CorpuskitError:
                raise
            except (OSError, pa.ArrowException) as error:
                raise SourceError(
                    f"{item.name}: damaged Parquet in row group {number}: {reason_of(error)}; get the file "
                    "again",
                    path=item.name,
                ) from error
            if found is not None and found.texts:
                yield found
            first += len(batch)

    @contextlib.contextmanager
    def _parquet(self, item: Input) -> Iterator[Any]:
        """The open file, checked to have stayed the same afterwards."""
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError as error:
            raise ConfigError(
                f"reading Parquet needs a package that is not installed; run: {install_command('formats')}"
            ) from error
        if not is_plain(item):
            raise SourceError(
                f"{item.name}: Parquet inside another compression cannot be read in pieces; unpack it first",
                path=item.name,
            )
        with contextlib.closing(open_raw(item)) as raw:
            try:
                file = parquet.ParquetFile(pa.PythonFile(raw, mode="r"), page_checksum_verification=True)
            except CorpuskitError:
                raise
            except (OSError, pa.ArrowException) as error:
                raise told_by_head(item, b"PAR1") or SourceError(
                    f"{item.name}: not a Parquet file, or cut off: {reason_of(error)}; get the file again",
                    path=item.name,
                ) from error
            yield file
            raw.check_unchanged()

    def reads(self, path: str) -> bool:
        """Whether a column, dots leading into what is nested, is one of those that are read."""
        return bool(path == self.options["text_field"])

    def _text_bytes(self, group: Any) -> int:
        """The size of a row group's columns that are read, or of all columns if it has none of them."""
        columns = (group.column(number) for number in range(group.num_columns))
        sizes = [c.total_uncompressed_size for c in columns if self.reads(c.path_in_schema)]
        size: int = sum(sizes) if sizes else group.total_byte_size
        return size


class Rows(abc.ABC):
    """Makes documents of the rows of one input.

    Args:
        item: The input.
        schema: Its `pyarrow.Schema`.
        bad: What is done about documents that cannot be read.
        reader: Whose options decide, and what of a row is kept.
        columns: The columns that documents are made of.

    Attributes:
        columns: The columns that are read: those, and those that are kept.
    """

    def __init__(
        self, item: Input, schema: Any, bad: BadDocuments, reader: ParquetReader, columns: Sequence[str]
    ) -> None:
        self._bad, self._keep = bad, reader.keep
        self._max_document_bytes: int = reader.options["max_document_bytes"]
        self._kept = kept_paths(item, reader.keep, schema)
        self.columns = list(dict.fromkeys([*columns, *map(".".join, self._kept.values())]))

    @abc.abstractmethod
    def documents(self, batch: Any, first: int) -> DocumentBatch:
        """The documents of some rows; those that cannot be read are treated as the options say.

        Args:
            batch: A `pyarrow.RecordBatch` of one or more rows.
            first: The number of its first row.

        Raises:
            SourceError: If a document is broken and such documents are an error.
            pyarrow.ArrowException: If the file is damaged.
        """


class TextRows(Rows):
    """Takes texts out of one column."""

    def __init__(self, item: Input, schema: Any, bad: BadDocuments, reader: ParquetReader) -> None:
        self._path = text_path(item, reader.options["text_field"], schema)
        super().__init__(item, schema, bad, reader, [".".join(self._path)])

    def documents(self, batch: Any, first: int) -> DocumentBatch:
        """The texts of some rows."""
        return column_documents(
            as_bytes(text_column(batch, self._path)),
            first,
            self._bad,
            max_document_bytes=self._max_document_bytes,
            fields=kept_columns(batch, self._kept),
            keep=self._keep,
        )


def _row_groups(file: Any) -> Iterator[Any]:
    return (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
