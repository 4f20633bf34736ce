"""From text to a corpus on disk: plan, encode, write, commit."""

from __future__ import annotations

from corpuskit.prepare.pipeline import Prepared, prepare, run
from corpuskit.prepare.progress import Progress

__all__ = ["Prepared", "Progress", "prepare", "run"]
