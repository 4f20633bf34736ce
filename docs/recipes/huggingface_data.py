"""Data for Hugging Face's Trainer and TRL's SFTTrainer: input ids, and labels as their models want them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

import corpuskit

Item = dict[str, Any]


class CausalDataset(Dataset[Item]):
    """Rows of a run as {"input_ids", "labels"}, int64[T] each.

    corpuskit's y is x shifted by one token: y[t] is what follows x[t]. A causal model of transformers shifts
    by itself: it compares what it says at place t with labels[t + 1]. So labels[t + 1] must be y[t], and
    giving it y would teach it to skip a token. Made of y and not of x, the labels keep its -100, which is in
    padding, at targets that the corpus says are not to be learned, and where `documents="mask"` puts one. The
    first label is -100: nothing in the row comes before it. The last y has no place in them.

    With documents, a row also has "position_ids", int64[T], which begin at 0 in each document. A model of
    transformers that is given them, and no attention mask, lets no document see another.

    Args:
        batches: Whose rows; made for one rank, because the Trainer shares them out itself.
        num_samples: Rows in the whole run: steps * rows a step. It may be many epochs.
        seq_lengths: Whether a row has "seq_lengths", the lengths of its documents, from which TRL's collator
            makes the position ids; the batches must have documents.
    """

    def __init__(self, batches: corpuskit.Batches, num_samples: int, *, seq_lengths: bool = False) -> None:
        if seq_lengths and not batches.options.documents:
            raise ValueError('seq_lengths needs batches with documents="mask" or documents=True')
        self.rows = batches.dataset(num_samples=num_samples)
        self.has_documents = bool(batches.options.documents)
        self.has_lengths = seq_lengths

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Item:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: list[int]) -> list[Item]:
        return [self._item(*columns) for columns in self.rows.__getitems__(indices)]

    def __iter__(self) -> Iterator[Item]:
        return (self[index] for index in range(len(self)))

    def _item(self, x: torch.Tensor, y: torch.Tensor, *documents: torch.Tensor) -> Item:
        item: Item = {"input_ids": x, "labels": torch.cat([torch.tensor([-100]), y[:-1]])}
        if self.has_documents:
            item["position_ids"] = documents[1].long()
        if self.has_lengths:
            firsts = torch.nonzero(documents[1] == 0).flatten()
            item["seq_lengths"] = torch.diff(firsts, append=torch.tensor([len(x)])).tolist()
        return item


def documents_of(split: corpuskit.Split) -> Iterator[dict[str, list[int]]]:
    """Documents of a split as {"input_ids", "labels"}, each of its own length.

    For what packs or pads by itself: SFTTrainer, and the Trainer with DataCollatorWithFlattening. A label is
    the token itself, or -100 where the stream "loss" says that it is not to be learned.

    Args:
        split: `corpus["train"]`.
    """
    for start, end in itertools.pairwise([0, *split.document_ends().tolist()]):
        ids = split[start:end].astype(np.int64)
        learned = split.stream("loss")[start:end] != 0 if "loss" in split.streams else True
        yield {"input_ids": ids.tolist(), "labels": np.where(learned, ids, -100).tolist()}
