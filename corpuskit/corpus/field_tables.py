"""Kept fields as they are read: with suspicion, since an Arrow file says itself where its values are.

A file with the right sha256 may still be anybody's, and offsets that lead out of it end the process. So every
record batch is looked through before its values are used, once for each open split. That also costs less than
a sha256: it goes at the speed of memory, and only over the batches that are asked for. `verify` compares the
sha256. Bodies that are compressed are refused unread: a few bytes of them may become any number.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from corpuskit.corpus.arrow_messages import is_compressed
from corpuskit.corpus.fields import arrow_schema, import_pyarrow, no_rows
from corpuskit.errors import CorpusFormatError, reason_of

if TYPE_CHECKING:
    import pyarrow

#: What an Arrow file begins with; a stream of messages follows, and a footer that says where they are.
_MAGIC = b"ARROW1\0\0"
_SHOWN_CHARACTERS = 120


class _HasFields(Protocol):
    """What a split is here."""

    name: str
    shard_documents: Any
    sound_fields: set[tuple[int, int]]

    def fields_data(self, number: int) -> Any: ...


def split_table(
    split: _HasFields, types: Mapping[str, str], *, most: int | None = None, shards: range | None = None
) -> pyarrow.Table:
    """The rows of all shards of a split, or of its first documents, which stay where they are.

    Args:
        split: The split.
        types: The types of the corpus's fields.
        most: How many rows; None for all.
        shards: The numbers of the shards; None for all.

    Raises:
        CorpusFormatError: If they are not as the manifest says.
        ConfigError: If pyarrow is not installed.
    """
    pa = import_pyarrow("reading kept fields")
    tables = [no_rows(arrow_schema(types))]
    if types:
        starts = split.shard_documents[:-1].tolist()
        for number in range(len(starts)) if shards is None else shards:
            start = starts[number]
            if most is not None and start >= most:
                break
            tables.append(shard_table(split, number, types, 0, None if most is None else most - start))
    return pa.concat_tables(tables)


def shard_table(
    split: _HasFields, number: int, types: Mapping[str, str], start: int = 0, stop: int | None = None
) -> pyarrow.Table:
    """Some rows of one shard, which stay where they are; errors as those of `split_table`.

    Args:
        split: The split.
        number: The number of the shard.
        types: The types of the corpus's fields.
        start: The first row.
        stop: The row after the last one; None for all.
    """
    pa = import_pyarrow("reading kept fields")
    tables = [*shard_tables(split, number, types, start, stop)]
    return pa.concat_tables(tables) if tables else no_rows(arrow_schema(types))


def shard_tables(
    split: _HasFields, number: int, types: Mapping[str, str], start: int = 0, stop: int | None = None
) -> Iterator[pyarrow.Table]:
    """Some rows of one shard, a record batch at a time; the rest as for `shard_table`."""
    pa = import_pyarrow("reading kept fields")
    expected = int(split.shard_documents[number + 1] - split.shard_documents[number])
    stop = expected if stop is None else stop
    where = _where(split, number)
    end = 0
    for position, batch in enumerate(_batches(split.fields_data(number), types, where)):
        begin, end = end, end + batch.num_rows
        if begin >= stop or end <= start:
            continue
        if (number, position) not in split.sound_fields:
            with _damage_in(where):
                batch.validate(full=True)
            split.sound_fields.add((number, position))
        first = max(start - begin, 0)
        yield pa.Table.from_batches([batch.slice(first, stop - begin - first)])
    if end != expected:
        raise CorpusFormatError(
            f"{where}: {end:,} rows, the manifest says {expected:,}; make the corpus again with --overwrite",
            path=where,
            expected=expected,
            found=end,
        )


def check_footer(split: _HasFields, number: int, types: Mapping[str, str]) -> None:
    """Look at the end of a shard's file, which other readers of such files begin with.

    Args:
        split: The split.
        number: The number of the shard.
        types: The types of the corpus's fields.

    Raises:
        CorpusFormatError: If it says something else than the rest of the file.
    """
    pa = import_pyarrow("reading kept fields")
    where, data = _where(split, number), split.fields_data(number)
    num_batches = sum(1 for _ in _batches(data, types, where))
    with _damage_in(where):
        footer = pa.ipc.open_file(pa.py_buffer(data))
        _check_schema(footer.schema, types, where)
    if footer.num_record_batches != num_batches:
        raise _damaged(
            where, f"{footer.num_record_batches:,} record batches by its footer, {num_batches:,} in it"
        )


def _batches(data: Any, types: Mapping[str, str], where: str) -> Iterator[Any]:
    """The record batches of a file, which stay where they are and were not looked through.

    Raises:
        CorpusFormatError: If it has others than corpuskit writes.
    """
    pa = import_pyarrow("reading kept fields")
    schema = arrow_schema(types)
    if data[: len(_MAGIC)].tobytes() != _MAGIC:
        raise _damaged(where, "not a file of Arrow's")
    with _damage_in(where):
        messages = pa.ipc.MessageReader.open_stream(pa.BufferReader(pa.py_buffer(data[len(_MAGIC) :])))
        for position, message in enumerate(messages):
            expected = "record batch" if position else "schema"
            if message.type != expected:
                raise _damaged(where, f"message {position:,} is a {message.type}, expected a {expected}")
            if not position:
                _check_schema(pa.ipc.read_schema(message), types, where)
                continue
            if is_compressed(message):
                raise _damaged(where, "its values are compressed, which corpuskit never does")
            yield pa.ipc.read_record_batch(message, schema)


def _check_schema(found: Any, types: Mapping[str, str], where: str) -> None:
    expected = arrow_schema(types)
    if not found.equals(expected, check_metadata=True):
        shown, wanted = (" ".join(str(one).split())[:_SHOWN_CHARACTERS] for one in (found, expected))
        raise _damaged(where, f"its schema is {shown!r}, the manifest says {wanted!r}")


def _where(split: _HasFields, number: int) -> str:
    return f"the fields of shard {number} of split {split.name!r}"


@contextlib.contextmanager
def _damage_in(where: str) -> Iterator[None]:
    """Say in one line of what Arrow finds wrong with a file."""
    pa = import_pyarrow("reading kept fields")
    try:
        yield
    except CorpusFormatError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(where, reason_of(error)) from error


def _damaged(where: str, reason: str) -> CorpusFormatError:
    return CorpusFormatError(
        f"{where}: damaged: {reason:.400}; make the corpus again with --overwrite", path=where
    )


__all__ = ["check_footer", "shard_table", "shard_tables", "split_table"]
