"""Batches: windows of a token stream as arrays and tensors, each a function of its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.lazy import lazy_attributes

if TYPE_CHECKING:
    from corpuskit.batches.batches import Batches
    from corpuskit.batches.order import DrawnAmount, Order
    from corpuskit.batches.segments import Segments

_PLACES = {
    "Batches": "corpuskit.batches.batches:Batches",
    "DrawnAmount": "corpuskit.batches.order:DrawnAmount",
    "Order": "corpuskit.batches.order:Order",
    "Segments": "corpuskit.batches.segments:Segments",
}

__all__ = ["Batches", "DrawnAmount", "Order", "Segments"]

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)
