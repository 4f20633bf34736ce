"""Corpora of corpuskit in torchtitan: `dataloader=CorpusDataLoader.Config(corpus="data/web/gpt2")`."""

from __future__ import annotations

from corpuskit_torchtitan.dataloader import CorpusDataLoader

__version__ = "0.1.0"

__all__ = ["CorpusDataLoader"]
