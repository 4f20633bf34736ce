"""Tiny models, trained once for all tests."""

from __future__ import annotations

import io
import itertools
from functools import cache

import pytest
import sentencepiece

WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "lazy",
    "dogs",
    "and",
    "they",
    "don't",
    "mind",
    "12",
)
LLAMA = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False, "byte_fallback": True}

#: By name: what the trainer is told.
MODELS = {
    "llama": {"model_type": "bpe", **LLAMA},
    "no-prefix": {"model_type": "bpe", "add_dummy_prefix": False, **LLAMA},
    "unigram": {"model_type": "unigram", **LLAMA},
    "nfkc": {"model_type": "unigram", "byte_fallback": True},
    "no-bytes": {"model_type": "bpe"},
    "no-end": {"model_type": "bpe", "eos_id": -1, "bos_id": -1, **LLAMA},
    "named-end": {"model_type": "bpe", "eos_id": -1, "control_symbols": "<|endoftext|>", **LLAMA},
    "symbols": {"model_type": "bpe", "user_defined_symbols": "<sep>,<cls>", **LLAMA},
}


@pytest.fixture(scope="session")
def train():
    """Trains a model by its name in `MODELS`; returns the file's bytes."""
    return _train


@cache
def _train(name: str) -> bytes:
    """A model of at most 400 pieces; takes some 10 to 100 ms."""
    pairs = itertools.permutations(WORDS, 3)
    sentences = [f"{' '.join(words)}." for words in itertools.islice(pairs, 600)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=400,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
        **MODELS[name],
    )
    return model.getvalue()


@pytest.fixture
def model_path(request, tmp_path, train):
    """The file of the model that the test is parametrized with, else of `llama`."""
    path = tmp_path / "tiny.model"
    path.write_bytes(train(getattr(request, "param", "llama")))
    return path
