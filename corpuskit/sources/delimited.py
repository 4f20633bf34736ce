"""CSV and TSV: a header row names the columns, one column holds the text.

A quoted field may hold newlines, so no place in the middle is known to be the beginning of a row: a file is
read in one slice. A document's start is the number of its row, from 0, the header not counted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import DocumentBatch, Input, OnBadDocument, Slice
from corpuskit.sources.opening import InputStream
from corpuskit.sources.reader import (
    BATCH_BYTES,
    BATCH_DOCUMENTS,
    BadDocuments,
    BadRows,
    Reader,
    checked,
    without_empty,
)
from corpuskit.sources.separated import NEWLINE, split_stream


class CsvReader(Reader):
    """Reads comma-separated values.

    Options:
        text_field: The column that holds the text.
        delimiter: What separates columns.
    """

    OPTIONS: ClassVar[Mapping[str, Any]] = {**Reader.COMMON_OPTIONS, "text_field": "text", "delimiter": ","}

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        if len(self.options["delimiter"]) != 1:
            raise ConfigError(
                f"reader option delimiter: expected one character, found {self.options['delimiter']!r}"
            )

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The texts of the rows of one slice."""
        bad = BadRows(self, item, on_bad)
        # The limit is the process's own; it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), self.options["max_document_bytes"]))
        with self.open(item, Slice()) as stream:
            rows = self._rows(item, stream, bad)
            column = self._column(item, next(rows, None))
            texts: list[bytes] = []
            starts: list[int] = []
            size = 0
            for number, row in enumerate(rows):
                if number < part.start:
                    continue
                if number == part.stop:
                    break
                if not row:
                    bad.leave_out("empty", number, "a blank line")
                elif len(row) <= column:
                    bad.missing("missing-text", number, f"no column {column + 1} ({self._field!r})")
                else:
                    texts.append(row[column].encode("utf-8", "surrogateescape"))
                    starts.append(number)
                    size += len(texts[-1])
                    if size >= BATCH_BYTES or len(texts) == BATCH_DOCUMENTS:
                        yield from self._batch(texts, starts, bad)
                        texts, starts, size = [], [], 0
            yield from self._batch(texts, starts, bad)

    @property
    def _field(self) -> str:
        field: str = self.options["text_field"]
        return field

    def _batch(self, texts: list[bytes], starts: list[int], bad: BadDocuments) -> Iterator[DocumentBatch]:
        texts, starts = checked(texts, starts, bad)
        if b"" in texts:
            texts, starts = without_empty(texts, starts, bad)
        if texts:
            yield DocumentBatch(texts, starts)

    def _rows(self, item: Input, stream: InputStream, bad: BadDocuments) -> Iterator[list[str]]:
        reader = csv.reader(self._lines(stream, bad), delimiter=self.options["delimiter"], strict=True)
        try:
            yield from reader
        except csv.Error as error:
            delimiter = self.options["delimiter"]
            raise SourceError(
                f"{item.name}:{reader.line_num}: broken {delimiter!r}-separated values: {error}; repair it",
                path=item.name,
                found=reader.line_num,
            ) from error

    def _lines(self, stream: InputStream, bad: BadDocuments) -> Iterator[str]:
        """Lines with their newlines; broken bytes travel as lone surrogates until their column is known."""
        for _, lines, *_ in split_stream(
            stream,
            NEWLINE,
            start=stream.skip_bom(),
            block_bytes=self.block_bytes,
            max_document_bytes=self.options["max_document_bytes"],
            too_long=bad.too_long,
        ):
            for line in lines:
                yield line.decode("utf-8", "surrogateescape") + "\n"

    def _column(self, item: Input, header: list[str] | None) -> int:
        if header is None:
            raise SourceError(f"{item.name}: empty; expected a row of column names", path=item.name)
        if self._field not in header:
            raise SourceError(
                f"{item.name}: no column {self._field!r}; it has: {', '.join(header)}; choose one with "
                "--text-field",
                path=item.name,
                expected=self._field,
                found=header,
            )
        return header.index(self._field)


class TsvReader(CsvReader):
    """Reads tab-separated values, quoted as CSV is."""

    OPTIONS: ClassVar[Mapping[str, Any]] = {**CsvReader.OPTIONS, "delimiter": "\t"}
