"""Train with several processes that share each batch: every rank asks for its slice of it.

    torchrun --nproc-per-node 2 distributed.py

`batch_size` is the global one. With one process or with ten, step s trains on the same windows, so the number
of processes may change between a checkpoint and the run that goes on from it.
"""

from __future__ import annotations

import itertools
import os

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import corpuskit

dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")  # reads what torchrun has set
rank, world_size = dist.get_rank(), dist.get_world_size()
device = f"cuda:{os.environ['LOCAL_RANK']}" if torch.cuda.is_available() else "cpu"

if rank == 0:
    corpuskit.prepare("python-docs", encoding="bytes", output="data/python-docs", workers=1)
dist.barrier()
corpus = corpuskit.open("data/python-docs")
batches = corpus.batches(
    "train",
    batch_size=32,
    block_size=64,
    sampler="shuffled",
    seed=2024,
    rank="auto",
    world_size="auto",
    device=device,
)

corpuskit.seed_all(2024)  # the same first weights on every rank
vocab_size = corpus.tokenizer.vocab_size
model = nn.Sequential(nn.Embedding(vocab_size, 32), nn.Linear(32, vocab_size)).to(device)
parallel = DistributedDataParallel(model)
optimizer = torch.optim.AdamW(parallel.parameters(), lr=1e-2)

for x, y in itertools.islice(batches, 20):
    loss = F.cross_entropy(parallel(x).flatten(0, 1), y.flatten())
    loss.backward()  # the mean of all ranks' gradients, as if one process had the whole batch
    optimizer.step()
    optimizer.zero_grad()
    if batches.step % 10 == 0:
        dist.all_reduce(loss := loss.detach())
        if rank == 0:
            print(f"step {batches.step}: {tuple(x.shape)} of 32 rows, loss {loss.item() / world_size:.4f}")

# The state is the same on all ranks, so one of them saves it for any number of them.
if rank == 0:
    torch.save({"model": model.state_dict(), "batches": batches.state_dict()}, "distributed.pt")
dist.destroy_process_group()
