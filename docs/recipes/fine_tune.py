"""Fine-tune a small GPT on conversations, on a CPU, in less than half a minute.

    python fine_tune.py

The conversations are made up. A user gives a number of five digits and asks for the word of a place; the
assistant answers with the word. A model should learn the words, and nobody's number. The corpus says which
tokens are the assistant's, and the loss is of these alone. `--everything` has the model learn all tokens
instead, and the numbers with them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from train_gpt import GPT, SEED

import corpuskit

WORDS = {
    "attic": "amber",
    "bridge": "heron",
    "cellar": "maple",
    "garden": "ivory",
    "harbour": "onyx",
    "kitchen": "plum",
    "library": "swan",
    "tower": "willow",
}
BATCH_SIZE, BLOCK_SIZE = 4, 256
STEPS, LEARNING_RATE = 100, 2e-3


def numbers_of(seed: int, count: int = 8) -> list[str]:
    return [str(number) for number in random.Random(seed).sample(range(10_000, 100_000), count)]


OF_USERS, OF_NOBODY = numbers_of(1), numbers_of(2)


def write_conversations(path: Path) -> None:
    """Each user asks for each word once."""
    with path.open("w", encoding="utf-8") as file:
        for number, (place, word) in itertools.product(OF_USERS, WORDS.items()):
            question = f"My number is {number}. What is the word for the {place}?"
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": word}]
            print(json.dumps({"messages": messages}), file=file)


def train(corpus: corpuskit.Corpus, *, loss: bool = True, steps: int = STEPS) -> GPT:
    """A model that has learned the targets of the stream "loss", or all of them."""
    corpuskit.seed_all(SEED)
    model = GPT(corpus.tokenizer.vocab_size, BLOCK_SIZE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.99))
    batches = corpus.batches(
        "train",
        batch_size=BATCH_SIZE,
        block_size=BLOCK_SIZE,
        sampler="packed",
        sampler_options={"documents": "whole"},  # no conversation is cut
        documents="mask",  # and none sees another
        loss=loss,  # y is -100 where nothing is to be learned
        seed=SEED,
    )
    while batches.step < steps:
        for x, y, documents in itertools.islice(batches, steps - batches.step):  # to the epoch's end
            value = F.cross_entropy(model(x, documents).flatten(0, 1), y.flatten())
            value.backward()
            optimizer.step()
            optimizer.zero_grad()
            if batches.step % 20 == 0:
                learned = (y != -100).float().mean()
                print(f"step {batches.step}: loss {value.item():.4f} of {learned:.1%} of the targets")
    return model


# What it has learned.


def conversations(split: corpuskit.Split) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The ids of each conversation, and which of them are to be learned."""
    loss = split.stream("loss")
    for start, end in itertools.pairwise([0, *split.document_ends().tolist()]):
        yield torch.from_numpy(split[start:end].astype(np.int64)), torch.from_numpy(loss[start:end] != 0)


@torch.no_grad()
def answer(model: GPT, ids: torch.Tensor, length: int) -> torch.Tensor:
    """The most likely next tokens, one by one."""
    for _ in range(length):
        ids = torch.cat([ids, model(ids[None])[0, -1:].argmax(-1)])
    return ids[-length:]


def right_answers(model: GPT, split: corpuskit.Split) -> float:
    """Which share of conversations the model ends as they end in the split."""
    right = []
    for ids, learned in conversations(split):
        prompt, expected = ids[: int(learned.int().argmax())], ids[learned]
        right.append(torch.equal(answer(model, prompt, len(expected)), expected))
    return sum(right) / len(right)


@torch.no_grad()
def loss_of_numbers(model: GPT, corpus: corpuskit.Corpus, numbers: list[str]) -> float:
    """The mean loss on the digits of numbers, where users say them."""
    losses = []
    begin = corpus.tokenizer.control_ids["<|im_start|>"]
    for number in numbers:
        before, digits = corpus.encode("user\nMy number is "), corpus.encode(number)
        ids = torch.tensor([begin, *before.tolist(), *digits.tolist()])
        scores = model(ids[None, :-1])[0, -len(digits) :]
        losses.append(F.cross_entropy(scores, ids[-len(digits) :]).item())
    return sum(losses) / len(losses)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fine-tune a small GPT on conversations.")
    parser.add_argument("--everything", action="store_true", help="learn all tokens, not the answers alone")
    parser.add_argument("--steps", type=int, default=STEPS, help="the run's length")
    options = parser.parse_args()

    write_conversations(Path("conversations.jsonl"))
    corpus = corpuskit.prepare(
        "conversations.jsonl",
        format="chat",
        template="chatml",
        encoding="bytes",
        add_tokens=True,  # bytes has no <|im_start|>: it gets an id behind the last one
        split="valid=0.2",
    )
    model = train(corpus, loss=not options.everything, steps=options.steps)
    print(f"right answers: {right_answers(model, corpus['valid']):.0%}")
    print(f"loss of users' numbers:    {loss_of_numbers(model, corpus, OF_USERS):.2f}")
    print(f"loss of numbers of nobody: {loss_of_numbers(model, corpus, OF_NOBODY):.2f}")


if __name__ == "__main__":
    main()
