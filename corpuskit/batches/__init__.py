"""Batches: windows of a token stream as arrays and tensors, each a function of its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.lazy import lazy_attributes

if TYPE_CHECKING:
    from corpuskit.batches.batches import Batches

_PLACES = {
    "Batches": "corpuskit.batches.batches:Batches",
}

__all__ = ["Batches"]

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)
