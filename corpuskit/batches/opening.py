"""What a run's options open: the reader of its stream, and the engine that makes its batches."""

from __future__ import annotations

from typing import Any

from corpuskit.batches.engines import Engine, HostEngine
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.reader import StreamReader
from corpuskit.batches.rows import RowSource
from corpuskit.batches.stream import TokenStream
from corpuskit.batches.streamed import StreamedReader
from corpuskit.batches.windows import WindowReader


def open_reader(stream: TokenStream, block_size: int, *, random_access: bool) -> StreamReader:
    """The reader for a stream: one that maps all of its shards, or one that gets them as they are needed."""
    if any(split.is_streamed for split, _ in stream.parts()):
        return StreamedReader(stream, block_size)
    return WindowReader(stream, block_size, random_access=random_access)


def open_engine(source: RowSource[Any], stream: TokenStream, options: BatchOptions) -> Engine:
    """The engine that makes the batches which the options ask for.

    Raises:
        ConfigError: If torch does not know the device, or it is not there, or the corpus does not fit.
    """
    output, device, documents = options.output, options.device, options.documents
    if output == "numpy" or (device in (None, "cpu") and not options.resident):
        return HostEngine(source, output=output, documents=documents)
    from corpuskit.batches import tensors

    where = tensors.open_device("cpu" if device is None else device)
    if where.type == "cpu" and not options.resident:  # what "auto" found
        return HostEngine(source, output=output, documents=documents)
    if options.resident:
        return tensors.ResidentEngine(source, stream, where, documents=documents)
    if where.type == "cuda":
        return tensors.CudaEngine(source, where, documents=documents)
    return tensors.CopyEngine(source, where, documents=documents)
