"""Train with JAX: batches are NumPy arrays, and torch is not imported."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp

import corpuskit

corpus = corpuskit.prepare("python-docs", encoding="bytes", output="data/python-docs", workers=1)
batches = corpus.batches(
    "train",
    batch_size=32,
    block_size=64,
    seed=2024,
    output="numpy",
    prefetch=2,
    rank=jax.process_index(),  # 0 of 1, unless jax.distributed was started
    world_size=jax.process_count(),
)


def loss_of(weights, x, y):
    scores = jax.nn.log_softmax(weights["embed"][x] @ weights["score"])
    return -jnp.take_along_axis(scores, y[..., None], axis=-1).mean()


@jax.jit
def train_step(weights, x, y):
    loss, gradients = jax.value_and_grad(loss_of)(weights, x, y)
    return jax.tree.map(lambda weight, gradient: weight - 3 * gradient, weights, gradients), loss


vocab_size = corpus.tokenizer.vocab_size
keys = jax.random.split(jax.random.key(2024))
weights = {
    "embed": 0.1 * jax.random.normal(keys[0], (vocab_size, 32)),
    "score": 0.1 * jax.random.normal(keys[1], (32, vocab_size)),
}
for x, y in itertools.islice(batches, 60):
    weights, loss = train_step(weights, x, y)  # the int64 ids become int32 there
    if batches.step % 20 == 0:
        print(f"step {batches.step}: loss {loss:.4f}")
