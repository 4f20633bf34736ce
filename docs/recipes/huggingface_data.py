"""A dataset for Hugging Face's Trainer: windows in corpuskit's order, with labels as its models want them."""

from __future__ import annotations

import torch
from torch.utils.data import Dataset

import corpuskit

Item = dict[str, torch.Tensor]


class CausalDataset(Dataset[Item]):
    """Windows of a run as {"input_ids", "labels"}, int64[T] each.

    corpuskit's y is x shifted by one token: y[t] is what follows x[t]. A causal model of transformers shifts
    by itself: it compares what it says at place t with labels[t + 1]. So labels[t + 1] must be y[t], and
    giving it y would teach it to skip a token. Made of y and not of x, the labels keep its -100, which is
    where padding is, or where `documents="mask"` has put one. The last y of a window has no place in them.

    Args:
        batches: Whose windows; made for one rank, because the Trainer shares them out itself.
        num_samples: Windows in the whole run: steps * windows a step. It may be many epochs.
    """

    def __init__(self, batches: corpuskit.Batches, num_samples: int) -> None:
        self.windows = batches.dataset(num_samples=num_samples)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Item:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: list[int]) -> list[Item]:
        items = self.windows.__getitems__(indices)
        return [{"input_ids": x, "labels": torch.cat([x[:1], y[:-1]])} for x, y, *_ in items]
