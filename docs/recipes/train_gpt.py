"""Train a small GPT on the characters of Shakespeare, on a CPU, in a few minutes.

    python train_gpt.py

The model and the numbers are nanoGPT's for its shakespeare_char on a CPU: 0.8 million parameters, 2,000 steps
of 12 windows of 64 characters. The loss on the validation split begins at 4.2, which is log(65), the number
of characters, and ends at about 1.9. Stop it whenever you like: the same command goes on from the last
checkpoint, and gets the same model, bit for bit, as if it had never stopped.
"""

from __future__ import annotations

import argparse
import itertools
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import corpuskit

SEED = 1337
LAYERS, HEADS, WIDTH = 4, 4, 128
BATCH_SIZE, BLOCK_SIZE = 12, 64
LEARNING_RATE, WARMUP_STEPS, WEIGHT_DECAY = 1e-3, 100, 0.1


# The model: GPT-2's, which reads T tokens and says at each of them what the next one may be.


class Block(nn.Module):
    """Attention to what came before, then a thought about each token by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH, bias=False)
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.attention_out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.mlp_norm = nn.LayerNorm(WIDTH, bias=False)
        self.mlp_in = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.mlp_out = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        rows, length, _ = x.shape
        heads = self.query_key_value(self.attention_norm(x)).view(rows, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (rows, heads, length, width of a head)
        seen = F.scaled_dot_product_attention(query, key, value, mask, is_causal=mask is None)
        x = x + self.attention_out(seen.transpose(1, 2).reshape(rows, length, WIDTH))
        return x + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(x))))


class GPT(nn.Module):
    """Token and position embeddings, blocks, and the token embedding again to score the next token."""

    def __init__(self, vocab_size: int, block_size: int = BLOCK_SIZE) -> None:
        super().__init__()
        self.token = nn.Embedding(vocab_size, WIDTH)
        self.position = nn.Embedding(block_size, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                # What is added to the stream is smaller, so that the stream's size does not grow with depth.
                added = name.endswith("_out.weight")
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * LAYERS) if added else 0.02)

    def forward(self, tokens: Tensor, documents: corpuskit.Segments | None = None) -> Tensor:
        """Scores of the next token; with `documents`, each of them is read as if it stood alone."""
        places, mask = torch.arange(tokens.shape[1], device=tokens.device), None
        if documents is not None:
            places, ids = documents.position_ids, documents.document_ids
            mask = (ids[:, :, None] == ids[:, None, :]).tril()[:, None]  # the same document, not the future
        x = self.token(tokens) + self.position(places)
        for block in self.blocks:
            x = block(x, mask)
        return F.linear(self.norm(x), self.token.weight)  # (rows, length, vocab_size)


def loss_of(model: GPT, x: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction=reduction)


# Training.


def learning_rate(step: int, num_steps: int) -> float:
    """Up in a straight line, then down to a tenth along half a cosine."""
    if step < WARMUP_STEPS:
        return LEARNING_RATE * (step + 1) / (WARMUP_STEPS + 1)
    progress = (step - WARMUP_STEPS) / max(1, num_steps - WARMUP_STEPS)
    return LEARNING_RATE * (0.1 + 0.45 * (1 + math.cos(math.pi * progress)))


@torch.no_grad()
def evaluate(model: GPT, corpus: corpuskit.Corpus) -> float:
    """The mean loss over the whole validation split, every token counted once."""
    batches = corpus.batches(
        "valid",
        batch_size=64,
        block_size=BLOCK_SIZE,
        sampler="sequential",
        sampler_options={"tail": "pad"},  # the last batch is filled up; its padding has targets of -100
    )
    total, count = 0.0, 0
    for x, y in batches:
        total += loss_of(model, x, y, reduction="sum").item()
        count += int((y != -100).sum())
    return total / count


def train(
    corpus: corpuskit.Corpus, checkpoint: Path, *, num_steps: int, save_every: int, stop_at: int
) -> None:
    corpuskit.seed_all(SEED)  # for the model's first weights; the batches have their own seed
    model = GPT(corpus.tokenizer.vocab_size)
    matrices = [parameter for parameter in model.parameters() if parameter.dim() == 2]
    gains = [parameter for parameter in model.parameters() if parameter.dim() == 1]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": gains, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99))
    batches = corpus.batches("train", batch_size=BATCH_SIZE, block_size=BLOCK_SIZE, seed=SEED)

    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        batches.load_state_dict(saved["batches"])  # checks that corpus, sampler and seed are the same
        print(f"going on from step {batches.step}")

    steps_left = min(num_steps, stop_at) - batches.step
    for x, y in itertools.islice(batches, max(0, steps_left)):
        done = batches.step  # with this batch; its own number is one less
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(done - 1, num_steps)
        loss = loss_of(model, x, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

        if done % 10 == 0:
            print(f"step {done}: loss {loss.item():.6f}")
        if done % save_every == 0 or done == num_steps:
            print(f"step {done}: validation loss {evaluate(model, corpus):.6f}")
            states = {"model": model, "optimizer": optimizer, "batches": batches}
            torch.save({name: part.state_dict() for name, part in states.items()}, f"{checkpoint}.new")
            Path(f"{checkpoint}.new").replace(checkpoint)  # a checkpoint is whole or not there
    print(write(model, corpus, num_characters=200))


@torch.no_grad()
def write(model: GPT, corpus: corpuskit.Corpus, *, num_characters: int) -> str:
    """Text that the model makes up, character by character."""
    tokens = torch.zeros((1, 1), dtype=torch.int64)  # a line break
    for _ in range(num_characters):
        scores = model(tokens[:, -BLOCK_SIZE:])[:, -1]
        tokens = torch.cat([tokens, torch.multinomial(scores.softmax(-1), 1)], dim=1)
    return corpus.decode(tokens[0].numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a small GPT on tinyshakespeare.")
    parser.add_argument("--steps", type=int, default=2000, help="the run's length")
    parser.add_argument("--save-every", type=int, default=250, help="evaluate and save so often")
    parser.add_argument("--stop-at", type=int, default=10**9, help="stop early, as if the machine went down")
    parser.add_argument("--checkpoint", type=Path, default=Path("gpt.pt"), help="where to save")
    options = parser.parse_args()

    corpus = corpuskit.prepare("tinyshakespeare", encoding="chars")  # does nothing if it is there
    train(
        corpus,
        options.checkpoint,
        num_steps=options.steps,
        save_every=options.save_every,
        stop_at=options.stop_at,
    )


if __name__ == "__main__":
    main()
