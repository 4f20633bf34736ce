"""Documents for Hugging Face's Trainer and TRL's SFTTrainer, to be packed or padded by them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

import corpuskit


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
