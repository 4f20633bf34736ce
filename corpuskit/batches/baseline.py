"""nanoGPT's get_batch, to measure batches beside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch


def nanogpt_get_batch(
    tokens: Path, dtype: np.dtype[Any], *, batch_size: int, block_size: int
) -> Callable[[], tuple[torch.Tensor, torch.Tensor]]:
    """What makes batches as nanoGPT does: the map opened for each, a slice a row, and torch.stack.

    Args:
        tokens: A file of ids.
        dtype: Their dtype.
        batch_size: B, windows in a batch.
        block_size: T, tokens in a window; fewer than the file has.
    """

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        data = np.memmap(tokens, dtype=dtype, mode="r")
        ix = torch.randint(len(data) - block_size, (batch_size,))
        x = torch.stack([torch.from_numpy(data[i : i + block_size].astype(np.int64)) for i in ix])
        y = torch.stack([torch.from_numpy(data[i + 1 : i + 1 + block_size].astype(np.int64)) for i in ix])
        return x, y

    return batch


__all__ = ["nanogpt_get_batch"]
