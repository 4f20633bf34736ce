"""Torch datasets over batches, for training code that is built around a DataLoader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from corpuskit.batches.rows import WindowSource

if TYPE_CHECKING:
    from corpuskit.batches.batches import Batches

Item = tuple[torch.Tensor, torch.Tensor]


class WindowDataset(Dataset[Item]):
    """A map-style Dataset: item i is sample `first_sample + i` of the order, as (x, y), int64[T] each.

    It pickles as the corpus's path and the options; every worker process maps the files itself.

    Args:
        batches: Whose order it is.
        first_sample: The sample that is item 0.
        num_samples: How many items there are.
    """

    def __init__(self, batches: Batches, first_sample: int, num_samples: int) -> None:
        self._batches = batches
        self._first_sample = first_sample
        self._num_samples = num_samples

    def __len__(self) -> int:
        return self._num_samples

    def __getitem__(self, index: int) -> Item:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: list[int]) -> list[Item]:
        """Many items in one read; DataLoader's workers ask for a batch this way."""
        wanted = np.asarray(indices, np.int64)
        wanted = np.where(wanted < 0, wanted + self._num_samples, wanted)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < self._num_samples:
            raise IndexError(f"items {indices} of a dataset of {self._num_samples:,}")
        source: WindowSource = self._batches._source
        x, y = source.read(source.resolve(wanted + self._first_sample))
        return list(zip(torch.from_numpy(x), torch.from_numpy(y), strict=True))
