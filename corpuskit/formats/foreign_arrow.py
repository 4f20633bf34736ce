"""Arrow's own files, of the streaming format or with a footer, read a record batch at a time.

What is compressed says first how much it becomes, and that is looked at before anything is unpacked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpuskit.corpus.arrow_messages import unpacked_bytes
from corpuskit.corpus.fields import import_pyarrow
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.foreign_bytes import size_of
from corpuskit.formats.foreign_tables import TableFile

if TYPE_CHECKING:
    import pyarrow

#: What a file with a footer begins with, padded to eight bytes; a stream of messages follows.
_MAGIC = b"ARROW1\0\0"
#: What a record batch may become that is compressed.
_MAX_UNPACKED_BYTES = 2**30


class ArrowTable(TableFile):
    """An Arrow file of ids."""

    def batches(self) -> Iterator[pyarrow.RecordBatch]:
        """The record batches; an end that is not there, or something behind it, is an error."""
        pa = import_pyarrow("importing Arrow")
        source = _messages(self.path)
        messages = pa.ipc.MessageReader.open_stream(source)
        names = set(self.columns.names)
        schema = arrow_schema_of(self.path)
        wanted = [number for number, name in enumerate(schema.names) if name in names]
        reader = pa.ipc.open_stream(
            _messages(self.path), options=pa.ipc.IpcReadOptions(included_fields=wanted)
        )
        at = num_batches = 0
        for message in messages:
            if message.type in ("record batch", "dictionary"):
                self._check_size(message)
            if message.type == "record batch":
                num_batches += 1
                yield reader.read_next_batch()
            at = source.tell()
        self._check_end(source, at, num_batches)

    def _check_size(self, message: Any) -> None:
        """Refuse a body that would become too much."""
        if (size := unpacked_bytes(message)) > _MAX_UNPACKED_BYTES:
            raise CorpusFormatError(
                f"{self.path}: a record batch says that it becomes {size:,} bytes, and "
                f"{_MAX_UNPACKED_BYTES:,} are read at most; write it again with smaller batches, or "
                "without compression",
                path=self.path,
                expected=_MAX_UNPACKED_BYTES,
                found=size,
            )

    def _check_end(self, source: Any, at: int, num_batches: int) -> None:
        """See that the stream was read to its end: a file may be cut between two messages.

        Args:
            source: The file, where reading ended: behind the mark that ends a stream.
            at: Where its last message ends.
            num_batches: How many record batches were read.
        """
        end, size_bytes = source.tell(), source.size()
        if at == end:
            raise ValueError("it ends without the mark that ends a stream")
        if _has_footer(source):
            pa = import_pyarrow("importing Arrow")
            said = pa.ipc.open_file(source).num_record_batches
            if said != num_batches:
                raise ValueError(f"{num_batches:,} record batches, and {said:,} by its footer")
        elif end != size_bytes:
            raise ValueError(f"{size_bytes - end:,} bytes behind its end")


def arrow_schema_of(path: Path) -> pyarrow.Schema:
    """The columns of a file.

    Args:
        path: The file.

    Raises:
        pyarrow.ArrowException: If it is none of Arrow's.
        CorpusFormatError: If it is not there.
        StorageError: If it cannot be read.
    """
    pa = import_pyarrow("importing Arrow")
    return pa.ipc.open_stream(_messages(path)).schema


def _messages(path: Path) -> Any:
    """A file where its messages begin. It is not mapped: it may be cut short meanwhile."""
    pa = import_pyarrow("importing Arrow")
    size_of(path)  # a named pipe would keep the next line waiting
    file = pa.OSFile(os.fsencode(path), "rb")
    file.seek(len(_MAGIC) if _has_footer(file) else 0)
    return file


def _has_footer(file: Any) -> bool:
    return bool(file.read_at(len(_MAGIC), 0) == _MAGIC)


__all__ = ["ArrowTable", "arrow_schema_of"]
