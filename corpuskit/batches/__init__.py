"""Batches: windows of a token stream as arrays and tensors, each a function of its number."""

from __future__ import annotations

from corpuskit.batches.batches import Batches, Drawn
from corpuskit.batches.segments import Documents

__all__ = ["Batches", "Documents", "Drawn"]
