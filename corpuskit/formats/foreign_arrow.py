"""Arrow's own files, of the streaming format or with a footer, read a record batch at a time.

The file is mapped. What is not compressed stays where it is; what is compressed says first how much it
becomes, and that is looked at before anything is unpacked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpuskit.corpus.arrow_messages import unpacked_bytes
from corpuskit.corpus.fields import import_pyarrow
from corpuskit.corpus.file_bytes import forget
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.foreign_bytes import mapped, size_of
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
        data, first = _contents(self.path)
        buffer = pa.py_buffer(data[first:])
        source = pa.BufferReader(buffer)
        messages = pa.ipc.MessageReader.open_stream(source)
        names = set(self.columns.names)
        schema = pa.ipc.open_stream(pa.BufferReader(buffer)).schema
        wanted = [number for number, name in enumerate(schema.names) if name in names]
        reader = pa.ipc.open_stream(
            pa.BufferReader(buffer), options=pa.ipc.IpcReadOptions(included_fields=wanted)
        )
        at = num_batches = 0
        for message in messages:
            if message.type in ("record batch", "dictionary"):
                self._check_size(message)
            if message.type == "record batch":
                num_batches += 1
                yield reader.read_next_batch()
            forget(data, first + at, first + source.tell())
            at = source.tell()
        self._check_end(data, first, at, source.tell(), num_batches)

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

    def _check_end(self, data: Any, first: int, at: int, end: int, num_batches: int) -> None:
        """See that the stream was read to its end: a file may be cut between two messages.

        Args:
            data: The file.
            first: The byte where the stream begins.
            at: Where its last message ends, from there.
            end: Where reading ended: behind the mark that ends a stream.
            num_batches: How many record batches were read.
        """
        if at == end:
            raise ValueError("it ends without the mark that ends a stream")
        if first:
            pa = import_pyarrow("importing Arrow")
            said = pa.ipc.open_file(pa.py_buffer(data)).num_record_batches
            if said != num_batches:
                raise ValueError(f"{num_batches:,} record batches, and {said:,} by its footer")
        elif end != len(data):
            raise ValueError(f"{len(data) - end:,} bytes behind its end")


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
    data, first = _contents(path)
    return pa.ipc.open_stream(pa.BufferReader(pa.py_buffer(data[first:]))).schema


def _contents(path: Path) -> tuple[Any, int]:
    """A mapped file, and the byte where its messages begin."""
    data = mapped(path, 0, size_of(path))
    return data, len(_MAGIC) if data[: len(_MAGIC)].tobytes() == _MAGIC else 0


__all__ = ["ArrowTable", "arrow_schema_of"]
