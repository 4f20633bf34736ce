"""CSV and TSV: a header row names the columns, one column holds the text.

A quoted field may hold newlines, so no place in the middle is known to be the beginning of a row: a file is
read in one slice. A document's start is the number of its row, from 0, the header not counted.

A row has as many fields as the header has names. One that has more, or fewer, has been cut somewhere, so that
its text may be another column's or a part of the right one: it is a bad document. One that ends before the
text's column has no text. Empty names at the end of the header are no columns: a row may have fields there if
they are empty. A first line `sep=;`, as spreadsheets write it, only says what the delimiter is. Lines end
with a newline, a carriage return, or both; in quotes these are text.
"""

from __future__ import annotations

import csv
import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input, OnBadDocument, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.stream import InputStream
from corpuskit.sources.option_names import refused
from corpuskit.sources.readers.base import BATCH_DOCUMENTS, BadDocuments, BadRows, Reader
from corpuskit.sources.readers.columns import check_unique, missing_column, quoted
from corpuskit.sources.readers.kept import Keep, cell_value
from corpuskit.sources.readers.texts import checked, without_empty

#: What may separate columns, besides what is said to.
_DELIMITERS = (";", "\t", "|", ",")
_REMEDIES = {"\t": "use --format tsv", ",": "use --format csv"}
#: The first line of a file that a spreadsheet wrote for others of its kind.
_SAYS_DELIMITER = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class _Header:
    """What the header says of a row.

    Args:
        text: The number of the text's field, from 0.
        kept: The names and numbers of the fields that are kept.
        num_columns: How many fields a row has.
        num_fields: How many it may have, if those that have no name are empty.
    """

    text: int
    kept: dict[str, int]
    num_columns: int
    num_fields: int


class CsvReader(Reader):
    """Reads comma-separated values.

    Options:
        text_field: The column that holds the text.
        delimiter: What separates columns.
    """

    OPTIONS: ClassVar[Mapping[str, Any]] = {**Reader.COMMON_OPTIONS, "text_field": "text", "delimiter": ","}
    PLACES: ClassVar[Literal["bytes", "rows"]] = "rows"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        if len(self.options["delimiter"]) != 1:
            raise refused("delimiter", self.options["delimiter"], "one character")
        if not self._field:
            raise refused("text_field", "", "a column's name")
        self.keep = Keep(self.options["keep"])

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The texts of the rows of one slice."""
        bad = BadRows(self, item, on_bad)
        # The limit is the process's own; it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), self.options["max_document_bytes"]))
        with self.open(item, Slice()) as stream:
            rows = self._rows(item, stream, bad)
            header = self._header(item, next((row for row in rows if row), []))
            texts: list[bytes] = []
            starts: list[int] = []
            kept: dict[str, list[str]] = {name: [] for name in header.kept}
            size = 0
            for number, row in enumerate(rows):
                if number < part.start:
                    continue
                if number == part.stop:
                    break
                if len(row) != header.num_columns and not self._fits(row, header, number, bad):
                    continue
                texts.append(row[header.text].encode("utf-8", "surrogateescape"))
                starts.append(number)
                size += len(texts[-1])
                for name, column in header.kept.items():
                    kept[name].append(row[column])
                if size >= self.block_bytes or len(texts) == BATCH_DOCUMENTS:
                    yield from self._batch(texts, starts, kept, bad)
                    texts, starts, size = [], [], 0
                    kept = {name: [] for name in header.kept}
            yield from self._batch(texts, starts, kept, bad)

    def fields(self, item: Input) -> Sequence[str]:
        """The names in the header."""
        csv.field_size_limit(max(csv.field_size_limit(), self.options["max_document_bytes"]))
        with self.open(item, Slice()) as stream:
            rows = self._rows(item, stream, BadRows(self, item, lambda kind, start, reason: None))
            return next((row for row in rows if row), [])

    @property
    def _field(self) -> str:
        field: str = self.options["text_field"]
        return field

    def _fits(self, row: list[str], header: _Header, number: int, bad: BadDocuments) -> bool:
        """Whether a row of another length than the header has its text all the same; else it is left out."""
        if not row:
            bad.leave_out("empty", number, "a blank line")
        elif len(row) <= header.text:
            bad.missing("missing-text", number, f"no column {header.text + 1} ({self._field!r})")
        elif header.num_columns < len(row) <= header.num_fields and not any(row[header.num_columns :]):
            return True
        else:
            what = f"{self.options['delimiter']!r}" if len(row) > header.num_columns else "a line end"
            reason = f"{_counted(len(row), 'field')} under {_counted(header.num_columns, 'column name')}"
            bad.bad("wrong-field-count", number, f"{reason} (a field with {what} in it needs quotes)")
        return False

    def _batch(
        self, texts: list[bytes], starts: list[int], kept: dict[str, list[str]], bad: BadDocuments
    ) -> Iterator[DocumentBatch]:
        batch = without_empty(checked(DocumentBatch(texts, starts, fields={**kept} or None), bad), bad)
        if batch.fields:
            of = {field.name: field for field in self.keep.fields}
            batch.fields = {
                name: [
                    cell_value(of[name], cell, start, bad)
                    for cell, start in zip(cells, batch.starts, strict=True)
                ]
                for name, cells in batch.fields.items()
            }
            batch = self.keep.checked(batch, bad)
        if batch.texts:
            yield batch

    def _rows(self, item: Input, stream: InputStream, bad: BadDocuments) -> Iterator[list[str]]:
        """All rows, the header first."""
        delimiter = self.options["delimiter"]
        number = -1  # the header's
        stream.skip_bom()
        lines = self._lines(stream, lambda: self._too_long(number, bad))
        first = next(lines, "")
        skipped = self._says_delimiter(item, first)
        if skipped:
            first = next(lines, "")
        reader = csv.reader(itertools.chain([first], lines), delimiter=delimiter, strict=True)
        try:
            for row in reader:
                yield row
                number += 1
        except csv.Error as error:
            if "field limit" in str(error):
                raise self._too_long(number, bad) from None
            if number < 0:
                self._check_delimiter(item, [first.strip()])
            line = reader.line_num + skipped
            raise SourceError(
                f"{item.name}:{line}: broken {delimiter!r}-separated values: {error}; repair it",
                path=item.name,
                found=line,
            ) from error

    def _says_delimiter(self, item: Input, line: str) -> bool:
        """Whether a file's first line is no row but says what the delimiter is.

        Raises:
            SourceError: If that is another than the reader's.
        """
        found = _SAYS_DELIMITER.fullmatch(line)
        if found and found[1] != (delimiter := self.options["delimiter"]):
            raise SourceError(
                f"{item.name}: its first line says that the delimiter is {found[1]!r}, and it is "
                f"{delimiter!r}: {_remedy(found[1])}",
                path=item.name,
                expected=delimiter,
                found=found[1],
            )
        return found is not None

    def _lines(self, stream: InputStream, too_long: Callable[[], Exception]) -> Iterator[str]:
        """Lines with their ends; broken bytes travel as lone surrogates until their column is known."""
        max_bytes = self.options["max_document_bytes"]
        held: list[bytes] = []  # what there is of the line that is being read
        held_bytes = 0
        half = b""  # a carriage return that may be half of a line's end
        while data := stream.read(self.block_bytes):
            data = half + data
            half = data[-1:] if data.endswith(b"\r") else b""
            lines = data[: len(data) - len(half)].splitlines(keepends=True)
            rest = [lines.pop()] if lines and not lines[-1].endswith((b"\n", b"\r")) else []
            if lines and held:
                lines[0] = b"".join([*held, lines[0]])
                held, held_bytes = [], 0
            for line in lines:
                if len(line) > max_bytes:
                    raise too_long()
                yield line.decode("utf-8", "surrogateescape")
            held += rest
            held_bytes += sum(map(len, rest))
            if held_bytes > max_bytes:
                raise too_long()
        if last := b"".join([*held, half]):
            yield last.decode("utf-8", "surrogateescape")

    def _too_long(self, number: int, bad: BadDocuments) -> SourceError:
        """The error about a row that is too large; where the next one begins is not known, either."""
        limit = self.options["max_document_bytes"]
        return bad.error(
            f"more than {limit:,} bytes",
            max(number, 0),
            f"or use --reader-option max_document_bytes={2 * limit}",
        )

    def _header(self, item: Input, names: list[str]) -> _Header:
        """What the row of column names says.

        Raises:
            SourceError: If there is none, or not exactly one column is the text's.
        """
        if not names:
            raise SourceError(f"{item.name}: empty; expected a row of column names", path=item.name)
        check_unique(item, self._field, names)
        if self._field not in names:
            self._check_delimiter(item, names)
            raise missing_column(item, self._field, names)
        num_columns = max(number for number, name in enumerate(names, 1) if name)
        return _Header(names.index(self._field), self._kept(item, names), num_columns, len(names))

    def _kept(self, item: Input, names: list[str]) -> dict[str, int]:
        """The columns that are kept, of those that there are.

        Raises:
            SourceError: If two have the name of one that was asked for.
        """
        kept = {}
        for field in self.keep.fields:
            if field.is_asked:
                check_unique(item, field.name, names, remedy="--keep")
            if names.count(field.name) == 1:
                kept[field.name] = names.index(field.name)
        return kept

    def _check_delimiter(self, item: Input, names: list[str]) -> None:
        """Check a header without the text's column.

        Raises:
            SourceError: If it looks as if another delimiter separated its names.
        """
        delimiter = self.options["delimiter"]
        line = delimiter.join(names)
        for other in _DELIMITERS:
            parts = [part.strip(' "') for part in line.split(other)]
            if other != delimiter and (self._field in parts or (len(names) == 1 and len(parts) > 1)):
                raise SourceError(
                    f"{item.name}: no column {self._field!r} in the header {quoted(line)}; the delimiter "
                    f"looks like {other!r} and is {delimiter!r}: {_remedy(other)}",
                    path=item.name,
                    expected=delimiter,
                    found=other,
                )


def _remedy(delimiter: str) -> str:
    """How to say that a delimiter is another one."""
    return _REMEDIES.get(delimiter, f"use --reader-option 'delimiter={delimiter}'")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("s" if count != 1 else "")


class TsvReader(CsvReader):
    """Reads tab-separated values, quoted as CSV is."""

    OPTIONS: ClassVar[Mapping[str, Any]] = {**CsvReader.OPTIONS, "delimiter": "\t"}
