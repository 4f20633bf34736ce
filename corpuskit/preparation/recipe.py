"""The recipe of a corpus: all that its bytes follow from, beside the text and the software."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from corpuskit.corpus.manifest import TokenizerRecord
from corpuskit.tokenizers.base import Tokenizer


@dataclasses.dataclass(frozen=True, slots=True)
class RecipeOptions:
    """The options that shape a corpus's bytes.

    Args:
        split: The rule by which documents find their split, as `--split` takes it; empty where the inputs
            say it.
        eot: Whether an end-of-text id ends each document.
        format: The format of all inputs; None where each file's name says its own.
        reader: The options of the readers, by their names.
        max_tokens: The number of tokens, in all splits, after which the corpus ends with a document; None for
            all there are.
        part_bytes: About how many bytes of input a part has.
        shard_bytes: The largest shard, in bytes.
        bos: The name of the control token in front of each document; None without one.
    """

    split: str
    eot: bool
    format: str | None
    reader: Mapping[str, Any]
    max_tokens: int | None
    part_bytes: int
    shard_bytes: int
    bos: str | None = None

    @property
    def added_ids(self) -> int:
        """How many ids each document has beside those of its text."""
        return self.eot + (self.bos is not None)

    def bos_id(self, tokenizer: Tokenizer) -> int | None:
        """The id in front of each document; None without one."""
        return None if self.bos is None else tokenizer.control_ids[self.bos]

    def to_json(self) -> dict[str, Any]:
        """The options as the manifest has them: the readers' beside the others."""
        return {
            "split": self.split,
            "eot": self.eot,
            **({} if self.bos is None else {"bos": self.bos}),
            "format": self.format,
            **self.reader,
            "max_tokens": self.max_tokens,
            "part_bytes": self.part_bytes,
            "shard_bytes": self.shard_bytes,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """What a corpus is made with, as the manifest records it.

    Args:
        dataset: What the corpus is called.
        tokenizer: The tokenizer, and what opens it again; not yet who ships it.
        dtype: The type of an id on disk, "<u2" or "<u4".
        options: The options that shape the bytes.
    """

    dataset: str
    tokenizer: TokenizerRecord
    dtype: Literal["<u2", "<u4"]
    options: RecipeOptions

    @property
    def item_bytes(self) -> int:
        """The size of an id on disk, in bytes: 2 or 4."""
        return np.dtype(self.dtype).itemsize

    @property
    def eot_id(self) -> int | None:
        """The id that ends each document; None if nothing does."""
        return self.tokenizer.eot_id if self.options.eot else None

    def to_json(self) -> dict[str, Any]:
        """The recipe as a JSON value, which a plan's fingerprint is over."""
        return {
            "dataset": self.dataset,
            "tokenizer": self.tokenizer.model_dump(),
            "dtype": self.dtype,
            "options": self.options.to_json(),
        }


__all__ = ["Recipe", "RecipeOptions"]
