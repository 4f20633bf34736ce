"""Tiny tokenizers of each kind, trained once, and a working folder."""

from __future__ import annotations

import itertools
import json
import os
from functools import cache

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # before a thread of one test meets another's fork

import pytest
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from corpuskit_huggingface.cutting import PATTERNS

WORDS = "the quick brown fox jumps over lazy dogs and they don't mind 12 \u65e5\u672c na\u00efve".split()
EOT = "<|endoftext|>"
LLAMA3, QWEN2 = sorted((p for p in PATTERNS if p.startswith("(?i:'s") and "[\\r\\n]*" in p), key=len)[::-1]
O200K = next(p for p in PATTERNS if "\\p{Lu}" in p)


def byte_level(pattern: str | None = None, *, normalizer=None, before=(), added=()) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    steps = (
        [*before, bytes_] if pattern is None else [pre_tokenizers.Split(Regex(pattern), "isolated"), bytes_]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps) if len(steps) > 1 else bytes_
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    return _train(
        tokenizer,
        trainers.BpeTrainer,
        special_tokens=[EOT],
        added=added,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )


def sentencepiece_bpe() -> Tokenizer:
    """As Llama 2's."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("\u2581", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trained = _train(tokenizer, trainers.BpeTrainer, special_tokens=special, limit_alphabet=60, size=450)
    # Bytes are ordinary tokens of the model, as in the files of the Hub.
    data = json.loads(trained.to_str())
    data["added_tokens"] = [token for token in data["added_tokens"] if not token["content"].startswith("<0x")]
    data["post_processor"] = json.loads(
        processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)]).__getstate__()
    )
    return Tokenizer.from_str(json.dumps(data))


def unigram() -> Tokenizer:
    """As T5's."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return _train(
        tokenizer, trainers.UnigramTrainer, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>"
    )


def word_level() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return _train(tokenizer, trainers.WordLevelTrainer, special_tokens=["[UNK]", "[EOS]"])


def word_piece() -> Tokenizer:
    """As BERT's."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trained = _train(tokenizer, trainers.WordPieceTrainer, special_tokens=["[UNK]", "[CLS]", "[SEP]"])
    trained.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    trained.enable_truncation(4)
    trained.enable_padding(length=8)
    return trained


MAKERS = {
    "gpt2": byte_level,
    "llama3": lambda: byte_level(LLAMA3),
    "qwen2": lambda: byte_level(QWEN2, normalizer=normalizers.NFC()),
    "o200k": lambda: byte_level(O200K),
    "digits": lambda: byte_level(before=[pre_tokenizers.Digits(individual_digits=True)]),
    "neox": lambda: byte_level(added=[AddedToken(" " * n, normalized=False) for n in range(2, 9)]),
    "tags": lambda: byte_level(added=[AddedToken("<tag>", rstrip=True, normalized=False)]),
    "llama2": sentencepiece_bpe,
    "unigram": unigram,
    "word-level": word_level,
    "word-piece": word_piece,
}


@cache
def made(name: str) -> str:
    """A tokenizer.json; takes some 10 ms."""
    return MAKERS[name]().to_str()


def _train(tokenizer: Tokenizer, trainer: type, *, added=(), size: int = 400, **options) -> Tokenizer:
    sentences = [f"{' '.join(words)}." for words in itertools.islice(itertools.permutations(WORDS, 3), 800)]
    tokenizer.train_from_iterator(sentences, trainer(vocab_size=size, show_progress=False, **options))
    tokenizer.add_tokens(list(added))
    return tokenizer


@pytest.fixture(scope="session")
def tokenizer_json():
    """Gives a tokenizer.json by its name in `MAKERS`."""
    return made


@pytest.fixture(scope="session")
def kinds() -> list[str]:
    return list(MAKERS)


@pytest.fixture
def tokenizer_path(request, tmp_path):
    """The file of the tokenizer that the test is parametrized with, else of `gpt2`."""
    path = tmp_path / "tokenizer.json"
    path.write_text(made(getattr(request, "param", "gpt2")), encoding="utf-8")
    return path


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A working folder with its own cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path
