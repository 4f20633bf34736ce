"""Batches: windows of a token stream as arrays and tensors, each a function of its number."""

from __future__ import annotations

from corpuskit.batches.batches import Batches
from corpuskit.batches.order import DrawnAmount, Order
from corpuskit.batches.segments import Segments

__all__ = ["Batches", "Segments", "DrawnAmount", "Order"]
