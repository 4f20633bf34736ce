"""Several processes: their slices make the global batch, and they train what one process trains."""

import itertools
import os
import re
import subprocess
import sys

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional as F

import corpuskit

GATHER = """
import sys
import warnings
import torch
import torch.distributed as dist
import corpuskit

dist.init_process_group("gloo")  # rank and world_size from the environment
corpus = corpuskit.open(sys.argv[1])
options = dict(batch_size=12, block_size=16, sampler="shuffled", seed=3)
mine = corpus.batches("train", rank="auto", world_size="auto", **options)
assert (mine.options.rank, mine.options.world_size) == (dist.get_rank(), 2)
whole = corpus.batches("train", rank=0, world_size=1, **options)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    corpus.batches("train", **options)[0]
assert ["each of the 2 ranks" in str(one.message) for one in caught] == [True] * (dist.get_rank() == 0)
for step in (0, 1, 1000):
    for part, expected in zip(mine[step], whole[step]):
        slices = [torch.empty_like(part) for _ in range(dist.get_world_size())]
        dist.all_gather(slices, part)
        assert part.shape == (6, 16)
        assert torch.equal(torch.cat(slices), expected)
dist.destroy_process_group()
"""


@pytest.fixture
def run_ranks(tmp_path, shared_cache):
    """Runs a program once a rank; gives what rank 0 printed."""

    def run(world_size, *arguments):
        # The ranks meet here, as under torchrun: a port that is bound already cannot be taken by another.
        store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        environ = {
            **os.environ,
            "CORPUSKIT_CACHE_DIR": str(shared_cache),
            "CORPUSKIT_PLUGINS": "",
            "CUDA_VISIBLE_DEVICES": "",
            "GLOO_SOCKET_IFNAME": "lo",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(store.port),
            "OMP_NUM_THREADS": "1",
            "TORCHELASTIC_RESTART_COUNT": "0",
            "TORCHELASTIC_USE_AGENT_STORE": "True",
            "WORLD_SIZE": str(world_size),
        }
        processes = [
            subprocess.Popen(
                [sys.executable, *arguments],
                cwd=tmp_path,
                env={**environ, "RANK": str(rank)},
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for rank in range(world_size)
        ]
        try:
            printed = [process.communicate() for process in processes]
        finally:
            for process in processes:
                process.kill()
        assert [process.returncode for process in processes] == [0] * world_size, printed
        return printed[0][0].splitlines()

    return run


def test_the_ranks_slices_make_the_global_batch(run_ranks, corpus):
    run_ranks(2, "-c", GATHER, str(corpus.path))


def test_two_ranks_train_what_one_process_trains(run_ranks, recipes, tmp_path):
    printed = run_ranks(2, str(recipes / "distributed.py"))

    corpus = corpuskit.open(tmp_path / "data/python-docs")
    batches = corpus.batches("train", batch_size=32, block_size=64, sampler="shuffled", seed=2024)
    corpuskit.seed_all(2024)
    model = nn.Sequential(nn.Embedding(257, 32), nn.Linear(32, 257))  # bytes and the end of a text
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    expected = []
    for x, y in itertools.islice(batches, 20):
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        expected.append(loss.item())
    found = [re.fullmatch(r"step (\d+): \(16, 64\) of 32 rows, loss (.*)", line) for line in printed]
    assert [int(line[1]) for line in found] == [10, 20]
    assert [float(line[2]) for line in found] == pytest.approx([expected[9], expected[19]], abs=2e-4)
    saved = torch.load(tmp_path / "distributed.pt")
    assert saved["batches"] == batches.state_dict()
    torch.testing.assert_close(saved["model"], dict(model.state_dict()), atol=1e-4, rtol=1e-3)
