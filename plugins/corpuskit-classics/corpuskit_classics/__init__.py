"""The corpora that everybody trains on first, as a plugin of corpuskit.

Nothing is downloaded before a corpus is prepared; listing them costs nothing.
"""

from __future__ import annotations

import corpuskit
from corpuskit_classics.corpora import CORPORA

__version__ = "0.1.0"

__all__ = ["CORPORA", "corpuskit_sources"]


@corpuskit.hookimpl
def corpuskit_sources() -> list[corpuskit.SourceSpec]:
    """The corpora of this package."""
    return list(CORPORA)
