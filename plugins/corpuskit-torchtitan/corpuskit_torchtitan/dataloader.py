"""A dataloader of torchtitan whose rows are a corpus's, and whose state any number of ranks can load."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

import corpuskit
from corpuskit.errors import ConfigError, ResumeError

try:
    from torchtitan.components.dataloader import BaseDataLoader
except ModuleNotFoundError as error:
    if error.name != "torchtitan.components.dataloader":
        raise
    # Its development version, as of August 2026.
    from torchtitan.components.data.loader import BaseDataLoader

log = logging.getLogger(__name__)

#: The one entry of the state: JSON text, which a distributed checkpoint keeps as one value.
_KEY = "corpuskit"


class CorpusDataLoader(BaseDataLoader):  # type: ignore[misc]
    """Batches of one split of a prepared corpus, as torchtitan's trainer and validator take them.

    Each is `({"input": x, "positions": positions}, labels)`, int64 CPU tensors: (local_batch_size, seq_len)
    each, or flat, where the trainer says `num_tokens_per_batch`. Labels are shifted, and -100 where the
    target is in another document; positions begin at 0 in each, so attention by them stays inside.

    The state says which samples of the global order were seen, so a checkpoint goes on with another
    data-parallel degree or another batch size. Every rank has the same state.

    Args:
        config: The corpus, and how its rows are drawn.
        dp_world_size: Ranks that share each batch.
        dp_rank: This rank's number among them.
        tokenizer: torchtitan's, whose number of ids is compared with the corpus's; None is not compared.
        seq_len: T, tokens in a row.
        local_batch_size: Rows of this rank in a batch.
        max_context_length: What torchtitan's development version calls `seq_len`.
        num_tokens_per_batch: What it says instead of `local_batch_size`: rows times T.

    Raises:
        ConfigError: If an option is impossible, the split too short, or the sizes do not fit.
        CorpusFormatError: If there is no corpus.
    """

    @dataclass(kw_only=True, slots=True)
    class Config(BaseDataLoader.Config):  # type: ignore[misc]
        """Fields of `--dataloader.NAME`."""

        corpus: str = ""
        """The corpus: its folder, or its URL in an object store."""

        split: str = "train"
        """The split to draw from."""

        sampler: str = "shuffled"
        """Which rows are drawn: shuffled, random, sequential, packed, aligned, ..."""

        seed: int = 0
        """Different seeds give unrelated orders."""

        documents: bool = True
        """Keep attention and targets inside documents; without it, a row is one text."""

        prefetch: int = 2
        """Batches that a thread makes ahead."""

        infinite: bool = True
        """Go on with the next epoch; the validator says when not to."""

        repeat: bool = True
        """The same in torchtitan's development version."""

        options: dict[str, Any] = field(default_factory=dict)
        """More of what `Corpus.batches` takes, such as sampler_options."""

    def __init__(
        self,
        config: Config,
        *,
        dp_world_size: int,
        dp_rank: int,
        tokenizer: Any = None,
        seq_len: int | None = None,
        local_batch_size: int | None = None,
        max_context_length: int | None = None,
        num_tokens_per_batch: int | None = None,
        **kwargs: Any,  # what torchtitan's own loaders take besides
    ) -> None:
        self._flat = num_tokens_per_batch is not None
        if num_tokens_per_batch is not None:
            seq_len = max_context_length
            local_batch_size = _rows(num_tokens_per_batch, seq_len)
        if not config.corpus:
            raise ConfigError(
                "no corpus is named; say its folder, as in torchtitan's --dataloader.corpus data/web/gpt2"
            )
        corpus = corpuskit.open(config.corpus)
        _compare(corpus, tokenizer)
        self._endless = config.infinite and config.repeat
        self._batches = corpus.batches(
            config.split,
            **{
                "sampler": config.sampler,
                "seed": config.seed,
                "documents": "mask" if config.documents else False,
                "prefetch": config.prefetch,
                **config.options,
                "batch_size": (local_batch_size or 1) * dp_world_size,
                "block_size": seq_len,
                "rank": dp_rank,
                "world_size": dp_world_size,
                "output": "torch",
            },
        )

    def __iter__(self) -> Iterator[tuple[dict[str, torch.Tensor], torch.Tensor]]:
        """Batches from where the last loop, or a loaded state, left off."""
        while True:
            for x, y, *more in self._batches:
                if self._batches.options.documents:
                    positions = more[0].position_ids.long()
                else:
                    positions = torch.arange(x.shape[1]).repeat(len(x), 1)
                if self._flat:
                    yield {"input": x.flatten(), "positions": positions.flatten()}, y.flatten()
                else:
                    yield {"input": x, "positions": positions}, y
            if not self._endless:
                return

    def state_dict(self) -> dict[str, Any]:
        """The place after the last batch that was taken; the same on every rank."""
        return {_KEY: json.dumps(self._batches.state_dict())}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where another run stopped; an empty state begins at the beginning.

        Raises:
            ResumeError: If the state is another loader's, or of another corpus, split, sampler or seed.
        """
        if not state_dict:
            return
        if _KEY not in state_dict:
            found = ", ".join(map(str, state_dict))
            raise ResumeError(
                f"the checkpoint holds another dataloader's state (expected {_KEY!r}, found {found[:80]}); "
                "to begin with the first batch, say torchtitan's --checkpoint.exclude_from_loading "
                "dataloader",
                expected=_KEY,
                found=found,
            )
        try:
            state = json.loads(state_dict[_KEY])
        except (TypeError, ValueError) as error:
            raise ResumeError(f"damaged state: {_KEY!r} holds no JSON ({error})") from error
        self._batches.load_state_dict(state)


def _rows(num_tokens: int, length: int | None) -> int:
    """How many rows of a length are so many tokens."""
    rows, rest = divmod(num_tokens, length or num_tokens)
    if rest or not rows:
        raise ConfigError(
            f"a batch of {num_tokens:,} tokens a rank is no whole number of rows of {length:,}; choose a "
            "multiple",
            found=num_tokens,
        )
    return rows


def _compare(corpus: corpuskit.Corpus, tokenizer: Any) -> None:
    if tokenizer is not None and corpus.vocab_size > tokenizer.get_vocab_size():
        log.warning(
            "the corpus has %s ids (%s), and the tokenizer of this run %s; a model made for those lacks some",
            f"{corpus.vocab_size:,}",
            corpus.manifest.tokenizer.name,
            f"{tokenizer.get_vocab_size():,}",
        )
