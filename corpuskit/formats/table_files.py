"""Files of tables, each of whole documents: what the formats of tables have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from corpuskit.corpus.fields import ArrowSink, import_pyarrow
from corpuskit.formats.export import Export
from corpuskit.formats.rows import IDS, MASK, Rows
from corpuskit.formats.text_rows import TEXT
from corpuskit.storage import FileWriter

if TYPE_CHECKING:
    import pyarrow

#: As many tokens as a file has where nothing else is asked for: 200 or 400 MB of ids.
SHARD_TOKENS = 10**8

#: Given a file and the columns: what is called with each record batch, until the end of the file.
OpenTable = Callable[[FileWriter, Any], AbstractContextManager[Callable[[Any], None]]]


def write_files(
    export: Export, rows: Rows, open_table: OpenTable, name: Callable[[int], str], shard_tokens: int | None
) -> int:
    """Write the rows of a split into as many files as they need.

    A file has no more tokens than it may have, unless a document alone has more.

    Args:
        export: Opens the files.
        rows: The rows.
        open_table: What writes a file.
        name: The name of a file by its number, from 0.
        shard_tokens: The most tokens in a file; None for one file of all.

    Returns:
        How many files there are.
    """
    num_files, num_tokens = 0, 0
    write: Callable[[Any], None] | None = None
    # While a batch is written the next one is made, in memory of its own.
    with contextlib.ExitStack() as open_file, ThreadPoolExecutor(1) as writing:
        written = writing.submit(lambda: None)
        for lengths, batch in rows.batches():
            ends, at, before = np.cumsum(lengths), 0, 0
            while at < len(ends):
                stop = len(ends)
                if shard_tokens is not None:
                    stop = int(np.searchsorted(ends, before + shard_tokens - num_tokens, side="right"))
                if stop <= at and write is not None:
                    written.result()
                    open_file.close()
                    write, num_tokens = None, 0
                    continue
                if write is None:
                    file = open_file.enter_context(export.file(name(num_files)))
                    write = open_file.enter_context(open_table(file, rows.schema))
                    num_files += 1
                stop = max(stop, at + 1)
                written.result()
                written = writing.submit(write, batch.slice(at, stop - at))
                num_tokens += int(ends[stop - 1]) - before
                at, before = stop, int(ends[stop - 1])
        written.result()
    return num_files


@contextlib.contextmanager
def open_parquet(file: FileWriter, schema: pyarrow.Schema, *, columns_with_statistics: list[str]) -> Any:
    """What writes row groups into a Parquet file; its options decide bytes.

    Ids are written as differences of neighbours, in as few bits as these need: an encoding as old as the
    format. A dictionary that is compressed takes twice the time, and a fifth less room. Of zstandard's levels
    the first takes half the time of the third, and a seventh more room.

    Args:
        file: The file.
        schema: The columns.
        columns_with_statistics: Those whose least and greatest values are noted; of ids nobody asks them.
    """
    pa = import_pyarrow("exporting Parquet")
    from pyarrow import parquet

    paths = [f"{one.name}.list.element" if one.name in (IDS, MASK) else one.name for one in schema]
    others = [path for one, path in zip(schema, paths, strict=True) if one.name != IDS]
    has_ids = len(others) < len(paths)
    writer = parquet.ParquetWriter(
        pa.PythonFile(ArrowSink(file), mode="w"),
        schema,
        version="2.6",
        use_dictionary=[path for path in others if path != TEXT],
        column_encoding={f"{IDS}.list.element": "DELTA_BINARY_PACKED"} if has_ids else None,
        compression={path: "zstd" if path in others else "none" for path in paths},
        compression_level=dict.fromkeys(others, 1),
        write_statistics=columns_with_statistics,
        data_page_size=2**20,
        dictionary_pagesize_limit=2**20,
        data_page_version="1.0",
        write_batch_size=1024,
        use_byte_stream_split=False,
        store_schema=True,
        write_page_index=False,
        write_page_checksum=True,
    )
    try:
        yield lambda batch: writer.write_batch(batch, row_group_size=max(batch.num_rows, 1))
        writer.close()
    except BaseException:
        writer.is_open = False  # or it would write the end of the file when it is forgotten
        raise


@contextlib.contextmanager
def open_arrow(file: FileWriter, schema: pyarrow.Schema) -> Any:
    """What writes record batches into a stream of Arrow's messages; its options decide bytes."""
    pa = import_pyarrow("exporting Arrow")
    options = pa.ipc.IpcWriteOptions(
        metadata_version=pa.ipc.MetadataVersion.V5,
        allow_64bit=False,
        use_legacy_format=False,
        compression=None,
        use_threads=False,
        emit_dictionary_deltas=False,
        unify_dictionaries=False,
    )
    writer = pa.ipc.new_stream(pa.PythonFile(ArrowSink(file), mode="w"), schema, options=options)
    yield writer.write_batch
    writer.close()


__all__ = ["SHARD_TOKENS", "open_arrow", "open_parquet", "write_files"]
