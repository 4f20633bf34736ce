"""From text to a corpus on disk: plan, encode, write, commit.

The names are imported when they are first used: the registry imports this package for its executors.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpuskit.on_progress import Progress
    from corpuskit.preparation.api import run
    from corpuskit.preparation.preview.estimate import Estimate
    from corpuskit.preparation.preview.result import PreparationPlan
    from corpuskit.preparation.run import Prepared

_MODULE_OF = {
    "Estimate": "corpuskit.preparation.preview.estimate",
    "PreparationPlan": "corpuskit.preparation.preview.result",
    "Prepared": "corpuskit.preparation.run",
    "Progress": "corpuskit.on_progress",
    "run": "corpuskit.preparation.api",
}

__all__ = ["Estimate", "PreparationPlan", "Prepared", "Progress", "run"]


def __getattr__(name: str) -> Any:
    try:
        module = importlib.import_module(_MODULE_OF[name])
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(module, name)
