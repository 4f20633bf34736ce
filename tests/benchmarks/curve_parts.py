"""What `curves.py` trains: a tiny model on the lines of Python's documentation, and its losses."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import corpuskit

STEPS, B, T, VOCAB = 200, 16, 64, 257
RECIPES = Path(__file__).parents[2] / "docs/recipes"
Losses = list[float]


@dataclass
class Curves:
    """The losses of each step: with the same rows, theirs and ours; and in each one's own order, by seed."""

    name: str
    version: str
    same: tuple[Losses, Losses]
    theirs: list[Losses] | None = None
    ours: list[Losses] | None = None

    def __str__(self) -> str:
        difference = max(abs(a - b) for a, b in zip(*self.same, strict=True))
        same = (f"{last(losses):.4f}" for losses in self.same)
        line = f"| {self.name} | {self.version} | {' | '.join(same)} | {difference:g} |"
        if not (self.theirs and self.ours):
            return f"{line} | | |"
        theirs, ours = ([last(losses) for losses in runs] for runs in (self.theirs, self.ours))
        return f"{line} {np.mean(theirs):.3f} | {np.mean(ours):.3f} | {abs(theirs[0] - theirs[1]):.3f} |"


def last(losses: Losses) -> float:
    """The mean loss of the last 50 steps."""
    assert len(losses) == STEPS
    return float(np.mean(losses[-50:]))


def made() -> corpuskit.Corpus:
    """The lines of Python's documentation, a document each, as bytes."""
    pages = corpuskit.prepare("python-docs", encoding="bytes", output="pages", workers=1)
    texts = [pages.decode(split[:]) for split in pages.values()]
    with Path("lines.txt").open("w") as file:
        file.writelines(line + "\n" for text in texts for line in text.split("\n") if line.strip())
    options = {"encoding": "bytes", "lines": True, "split": "valid=0.1", "workers": 1}
    corpuskit.prepare("lines.txt", output="no-eot", eot=False, **options)  # for nanochat
    return corpuskit.prepare("lines.txt", output="corpus", **options)


# What is trained


class Tiny(nn.Module):
    """One block of a transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCAB, 32), nn.Embedding(T, 32)
        self.block = nn.TransformerEncoderLayer(32, 2, 64, dropout=0, batch_first=True, norm_first=True)
        self.head = nn.Linear(32, VOCAB)
        self.mask = nn.Transformer.generate_square_subsequent_mask(T)

    def loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        hidden = self.tokens(x.long()) + self.places(torch.arange(T))
        scores = self.head(self.block(hidden, src_mask=self.mask, is_causal=True))
        return F.cross_entropy(scores.flatten(0, 1), y.long().flatten())


def trained(batches: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> Losses:
    """The losses of a plain loop."""
    torch.manual_seed(1)
    model = Tiny()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for x, y in itertools.islice(batches, STEPS):
        loss = model.loss(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def endless(loader: Iterable[Any]) -> Iterator[Any]:
    while True:
        yield from loader


def batches_of(corpus: corpuskit.Corpus, sampler: str, seed: int = 0, **options: Any) -> corpuskit.Batches:
    return corpus.batches("train", batch_size=B, block_size=T, sampler=sampler, seed=seed, **options)


def chunks(corpus: corpuskit.Corpus) -> np.ndarray:
    """Rows of T + 1 ids, the last of each the next one's first, as many as fill batches; read with numpy."""
    ids = np.concatenate([np.fromfile(path, "<u2") for path in sorted(corpus.path.glob("train-*.bin"))])
    rows = np.lib.stride_tricks.sliding_window_view(ids, T + 1)[::T]
    return rows[: len(rows) // B * B].astype(np.int64)


def recipe(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, RECIPES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
