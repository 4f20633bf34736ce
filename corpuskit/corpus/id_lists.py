"""Documents by a list of ids: a text file of values of a kept field, one a line, such as a ban list."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpuskit import reading
from corpuskit.corpus.field_tables import shard_table
from corpuskit.corpus.fields import arrow_schema, import_pyarrow
from corpuskit.corpus.file_bytes import forget
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError, StorageError
from corpuskit.paths import user_path

if TYPE_CHECKING:
    import pyarrow

#: The kept field that a list is of, where nothing else is said.
ID_FIELD = "id"
#: So many bytes of a list are compared with all documents at once; about five times as much memory is taken.
_LIST_BYTES = 16 * 2**20
#: Rows of kept fields that are in memory at once.
_ROWS = 2**18


@dataclasses.dataclass(frozen=True)
class IdList:
    """A file of ids, one a line; empty lines are none. It is read in parts, whatever its size.

    Args:
        path: The file.
        field: The kept field whose values they are.
    """

    path: Path
    field: str = ID_FIELD

    def sha256(self) -> str:
        """The digest of the file's bytes.

        Raises:
            StorageError: If it cannot be read.
        """
        digest = hashlib.sha256()
        with self._open() as file:
            while data := file.read(2**20):
                digest.update(data)
        return digest.hexdigest()

    def parts(self) -> Iterator[list[bytes]]:
        """The lines, some MiB at a time.

        Raises:
            ConfigError: If it has no lines.
            StorageError: If the file cannot be read.
        """
        rest = b""
        with self._open() as file:
            while data := file.read(_LIST_BYTES):
                whole, newline, rest = (rest + data).rpartition(b"\n")
                if not newline and len(rest) >= _LIST_BYTES:
                    raise ConfigError(
                        f"{self.path}: expected ids, one a line, found a line of {len(rest):,} bytes or more",
                        path=self.path,
                    )
                yield _lines(whole)
        yield _lines(rest)

    def _open(self) -> IO[bytes]:
        try:
            return os.fdopen(reading.open_file(self.path, follow=True), "rb")
        except OSError as error:
            raise StorageError(
                f"{self.path}: the list of ids cannot be read: {error.strerror or error}; name a text file "
                "with an id on each line",
                path=self.path,
            ) from error


@dataclasses.dataclass(frozen=True, slots=True)
class Listed:
    """The documents that a list names.

    Args:
        masks: For each split, bool[D]: whether the document's id is in the list.
        num_ids: How many different ids the list has, but for those that come again much later in it.
        num_unknown: How many of them no document has.
    """

    masks: list[NDArray[np.bool_]]
    num_ids: int
    num_unknown: int

    def words(self, ids: IdList) -> str:
        """How many ids and documents there are, for a message."""
        unknown = f", of no document: {self.num_unknown:,}" if self.num_unknown else ""
        count = sum(int(np.count_nonzero(mask)) for mask in self.masks)
        return f"ids in {ids.path}: {self.num_ids:,}{unknown}; documents: {count:,}"


def id_list(path: str | os.PathLike[str], field: str = ID_FIELD) -> IdList:
    """A list of ids that a user names.

    Args:
        path: The file.
        field: The kept field whose values they are.
    """
    return IdList(user_path(path, what="list of ids"), field)


def listed(ids: IdList, splits: Sequence[Split], types: Mapping[str, str]) -> Listed:
    """Which documents of some splits a list names. Memory is bounded, but for a byte for each document.

    Args:
        ids: The list.
        splits: The splits, of one corpus.
        types: The types of the corpus's kept fields.

    Raises:
        ConfigError: If the corpus does not keep the field, or its values cannot be in a list.
        CorpusFormatError: If a file of fields is damaged.
        StorageError: If the list cannot be read.
    """
    kind = types.get(ids.field)
    if kind not in ("str", "int"):
        kept = ", ".join(types) or "none"
        why = "is not kept" if kind is None else f"is of type {kind}, and ids are str or int"
        raise ConfigError(
            f"{ids.path}: the field {ids.field!r} {why}; the kept fields are {kept}: name another one with "
            "--field, or prepare the corpus with --keep",
            expected=kept,
            found=ids.field,
        )
    pa = import_pyarrow("choosing documents by their ids")
    import pyarrow.compute as pc

    masks = [np.zeros(split.num_documents, np.bool_) for split in splits]
    num_ids = num_unknown = 0
    for lines in ids.parts():
        wanted = _array(lines, kind, ids, pa).unique()
        is_known = np.zeros(len(wanted), np.bool_)
        for split, mask in zip(splits, masks, strict=True):
            for first, column in _columns(split, ids.field, types):
                found = pc.index_in(column, value_set=wanted)
                places = found.drop_null().to_numpy()
                is_known[places] = True
                mask[first : first + len(column)] |= found.is_valid().to_numpy(zero_copy_only=False)
        num_ids += len(wanted)
        num_unknown += int(np.count_nonzero(~is_known))
    return Listed(masks, num_ids, num_unknown)


def _lines(data: bytes) -> list[bytes]:
    return [line for line in data.replace(b"\r\n", b"\n").split(b"\n") if line]


def _array(lines: list[bytes], kind: str, ids: IdList, pa: Any) -> pyarrow.Array:
    """Lines as values of a field."""
    try:
        texts = pa.array(lines, pa.binary()).cast(pa.string())
        return texts if kind == "str" else texts.cast(arrow_schema({"id": kind})[0].type)
    except pa.ArrowInvalid as error:
        expected = "text in UTF-8" if kind == "str" else "whole numbers, which its field has"
        raise ConfigError(
            f"{ids.path}: expected ids that are {expected}, one a line; found another: {error!s:.200}",
            path=ids.path,
        ) from error


def _columns(split: Split, field: str, types: Mapping[str, str]) -> Iterator[tuple[int, Any]]:
    """A field's values with the number of the first document, a few at a time."""
    for number, first in enumerate(split.shard_documents[:-1].tolist()):
        count = int(split.shard_documents[number + 1]) - first
        for start in range(0, count, _ROWS):
            table = shard_table(split, number, types, start, min(start + _ROWS, count))
            yield first + start, table.column(field).combine_chunks()
            data = split.fields_data(number)
            forget(data, 0, data.nbytes)


__all__ = ["ID_FIELD", "IdList", "Listed", "id_list", "listed"]
