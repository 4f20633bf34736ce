"""Evaluation: every token of a split as a target exactly once, and measures whose denominators are exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.lazy import lazy_attributes

if TYPE_CHECKING:
    from corpuskit.evaluation.bits_per_byte import BitsPerByte
    from corpuskit.evaluation.evaluation import Evaluation
    from corpuskit.evaluation.loss_by_source import LossBySource

_PLACES = {
    "BitsPerByte": "corpuskit.evaluation.bits_per_byte:BitsPerByte",
    "Evaluation": "corpuskit.evaluation.evaluation:Evaluation",
    "LossBySource": "corpuskit.evaluation.loss_by_source:LossBySource",
}

__all__ = ["BitsPerByte", "Evaluation", "LossBySource"]

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)
