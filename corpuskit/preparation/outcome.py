"""What a run of prepare did."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from corpuskit.corpus.corpus import Corpus


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` did.

    Args:
        corpus: The corpus.
        made: False if it was there already.
        run: What `run.json` says about the run; empty if nothing was made.
    """

    corpus: Corpus
    made: bool
    run: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class PartsMade:
    """What a run that makes some of the parts did.

    Args:
        folder: Where the parts are.
        num_made: The number of parts that this run made.
        num_mine: The number of parts that are this run's to make.
        num_parts: The number of parts in all.
    """

    folder: Path
    num_made: int
    num_mine: int
    num_parts: int


__all__ = ["PartsMade", "Prepared"]
