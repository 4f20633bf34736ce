"""What a run's options open: the engine that makes its batches."""

from __future__ import annotations

from typing import Any

from corpuskit.batches.engines import Engine, HostEngine
from corpuskit.batches.rows import RowSource


def open_engine(
    source: RowSource[Any],
    stream: Any,
    *,
    output: str,
    device: str | None,
    documents: bool | str,
    resident: bool,
) -> Engine:
    """The engine for a device: arguments as those of `Batches`.

    Raises:
        ConfigError: If torch does not know the device, or it is not there, or the corpus does not fit.
    """
    if output == "numpy" or (device in (None, "cpu") and not resident):
        return HostEngine(source, output=output, documents=documents)
    from corpuskit.batches import tensors

    where = tensors.open_device(device or "cpu")
    if where.type == "cpu" and not resident:  # what "auto" found
        return HostEngine(source, output=output, documents=documents)
    if resident:
        return tensors.ResidentEngine(source, stream, where, documents=documents)
    if where.type == "cuda":
        return tensors.CudaEngine(source, where, documents=documents)
    return tensors.CopyEngine(source, where, documents=documents)
