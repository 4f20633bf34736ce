"""The file of kept fields of one shard that a part makes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from corpuskit.corpus.fields import Columns, FieldsWriter, converted, open_rows
from corpuskit.storage import remove_file
from corpuskit.temporary_names import temporary_name


class FieldFile:
    """The file of kept fields beside a shard: there is none until a document of it has a value.

    A field's type may become another one on the way: the first value comes late, or numbers turn out to be
    text elsewhere. What was written by then is written again.

    Args:
        path: The file to be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._num_rows = 0
        self._file: FieldsWriter | None = None

    @property
    def written(self) -> FieldsWriter | None:
        """The file; None while no document has a value."""
        return self._file

    def add(self, columns: Columns, num_rows: int, types: Mapping[str, str]) -> None:
        """Append the rows of some documents.

        Args:
            columns: The values of each field; one that is not there is null in all rows.
            num_rows: How many documents.
            types: The types of all fields by now.
        """
        if self._file is None:
            if not any(value is not None for values in columns.values() for value in values):
                self._num_rows += num_rows
                return
            self._file = FieldsWriter(self.path, types)
            self._file.add({}, self._num_rows)
        elif self._file.types != types:
            self._rewrite(self._file, types)
        self._file.add(converted(columns, types), num_rows)

    def _rewrite(self, old: FieldsWriter, types: Mapping[str, str]) -> None:
        earlier = temporary_name(self.path)
        try:
            old.keep(earlier)
            self._file = FieldsWriter(self.path, types)
            copy_rows(earlier, self._file)
        finally:
            remove_file(earlier)

    def abort(self) -> None:
        """Leave nothing of what is not committed."""
        if self._file is not None:
            self._file.abort()


def copy_rows(source: Path, target: FieldsWriter, *, most: int | None = None) -> None:
    """Append the rows of a finished file.

    Args:
        source: The file.
        target: What is written; its types may be others, where values can be of both.
        most: How many rows; None for all.
    """
    with open_rows(source) as (types, batches):
        left = most
        # Text because of later documents alone, which are not in the corpus.
        numbers = {name for name, type in target.types.items() if type == "int" and types.get(name) == "str"}
        for columns in batches:
            num_rows = len(next(iter(columns.values())))
            take = num_rows if left is None else min(left, num_rows)
            rows = converted({name: values[:take] for name, values in columns.items()}, target.types)
            rows |= {name: [None if v is None else int(v) for v in rows[name]] for name in numbers}
            target.add(rows, take)
            if left is not None:
                left -= take
                if not left:
                    break


__all__ = ["FieldFile", "copy_rows"]
