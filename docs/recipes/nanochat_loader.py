"""nanochat's loaders, by their names and arguments, over a prepared corpus: its rows, and an exact resume."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.distributed

import corpuskit


def tokenizing_distributed_data_loader_with_state_bos_bestfit(
    tokenizer: Any,
    B: int,
    T: int,
    split: str,
    tokenizer_threads: int = 4,
    tokenizer_batch_size: int = 128,
    device: str | torch.device = "cuda",
    resume_state_dict: Mapping[str, Any] | None = None,
    buffer_size: int = 1000,
) -> Iterator[tuple[torch.Tensor, torch.Tensor, dict[str, Any]]]:
    """Yields inputs and targets, (B, T) each, and the state from which they come next.

    `base_train.py` draws a batch before it saves, and trains on it after that. So the state is the place
    before the batch that it comes with: a run that goes on begins with this batch, and leaves no row out.
    """
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    batches = corpuskit.open(os.environ["NANOCHAT_CORPUS"]).batches(
        {"train": "train", "val": "valid"}[split],
        batch_size=B * (torch.distributed.get_world_size() if distributed else 1),
        block_size=T,
        sampler="aligned",
        sampler_options={
            "bos": tokenizer.get_bos_token_id(),
            "buffer": buffer_size,
            "refill": tokenizer_batch_size,
        },
        device=str(device),
        prefetch=2,
        rank="auto",
        world_size="auto",
    )
    if resume_state_dict is not None:
        batches.load_state_dict(resume_state_dict["corpuskit"])
    while True:
        state = _state(batches)
        for x, y in batches:
            yield x, y, state
            state = _state(batches)


def tokenizing_distributed_data_loader_bos_bestfit(
    *args: Any, **kwargs: Any
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The same without the state."""
    for x, y, _ in tokenizing_distributed_data_loader_with_state_bos_bestfit(*args, **kwargs):
        yield x, y


def _state(batches: corpuskit.Batches) -> dict[str, Any]:
    """The place in the run, and the three numbers that `base_train.py` prints; row groups there are none."""
    epoch = 1 + batches.sample // batches.samples_per_epoch
    return {"epoch": epoch, "pq_idx": 0, "rg_idx": batches.step, "corpuskit": batches.state_dict()}
