"""A mixture as a file says it."""

from __future__ import annotations

import os

from corpuskit.config.mixture import mixture_table
from corpuskit.corpus.mixture import Mixture, Weighted, mix


def read_mixture(path: str | os.PathLike[str]) -> Mixture:
    """The mixture that a TOML file describes.

    Each corpus has a table of its own:

    ```toml
    [[mixture]]
    corpus = "data/web/gpt2"
    weight = 0.7

    [[mixture]]
    corpus = "data/books/gpt2"
    weight = 0.3
    sampler = "shuffled"
    max_epochs = 4
    ```

    Args:
        path: The file. Folders in it are relative to the working folder, as everywhere.

    Raises:
        ConfigError: If the file cannot be read, or `corpuskit.mix` refuses what it says.
        CorpusFormatError: If one of the corpora is none, or is damaged.

    Example:
        >>> batches = corpuskit.read_mixture("mixture.toml").batches("train", batch_size=8, block_size=64)
    """
    return mix([Weighted(**dict(entry)) for entry in mixture_table(path)])


__all__ = ["read_mixture"]
