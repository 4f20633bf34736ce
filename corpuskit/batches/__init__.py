"""Batches: windows of a token stream as arrays and tensors, each a function of its number."""

from __future__ import annotations

from corpuskit.batches.batches import Batches, Drawn
from corpuskit.batches.segments import Documents
from corpuskit.corpus.mixture import Mixture, Stage, mix

__all__ = ["Batches", "Documents", "Drawn", "Mixture", "Stage", "mix"]
