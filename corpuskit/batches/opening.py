"""What a run's options open: the reader of its stream, and the engine that makes its batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corpuskit.batches.engines import Engine, HostEngine
from corpuskit.batches.labels import LabelRuns
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.reader import StreamReader
from corpuskit.batches.rows import RowSource
from corpuskit.batches.stream import Stream, TokenStream
from corpuskit.batches.streamed import StreamedReader
from corpuskit.batches.targets import TargetWatch
from corpuskit.batches.windows import WindowReader


def open_reader(stream: Stream, length: int, *, random_access: bool, num_behind: int = 0) -> StreamReader:
    """The reader for a stream: one that maps all of its shards, or one that gets them as they are needed."""
    if any(split.is_streamed for split, _ in stream.parts()):
        return StreamedReader(stream, length, num_behind=num_behind)
    return WindowReader(stream, length, random_access=random_access)


def open_engine(
    source: RowSource[Any],
    stream: TokenStream,
    options: BatchOptions,
    watch: TargetWatch,
    labels: LabelRuns | None = None,
    *,
    like: Sequence[Engine] = (),
) -> Engine:
    """The engine that makes the batches which the options ask for.

    Args:
        source: Reads the rows.
        stream: The tokens.
        options: What the run was told.
        watch: Hears of rows without a target.
        labels: The labels of the stream's tokens; None if batches have none.
        like: Engines of the same run for rows of other sizes: what they keep on a device is shared.

    Raises:
        ConfigError: If torch does not know the device, or it is not there, or the corpus does not fit.
    """
    output, device = options.output, options.device
    if output == "numpy" or (device in (None, "cpu") and not options.resident):
        return HostEngine(source, options, watch, labels)
    from corpuskit.batches import tensors

    where = tensors.open_device("cpu" if device is None else device)
    if where.type == "cpu" and not options.resident:  # what "auto" found
        return HostEngine(source, options, watch, labels)
    if options.resident:
        return tensors.ResidentEngine(source, options, watch, labels, stream=stream, device=where, like=like)
    if where.type == "cuda":
        return tensors.CudaEngine(source, options, watch, labels, device=where)
    return tensors.CopyEngine(source, options, watch, labels, device=where)
