"""From text to a corpus on disk: plan, encode, write, commit.

The names are imported when they are first used: the registry imports this package for its executors.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpuskit.prepare.estimate import Estimate
    from corpuskit.prepare.pipeline import run
    from corpuskit.prepare.preview import PreparationPlan
    from corpuskit.prepare.progress import Progress
    from corpuskit.prepare.running import Prepared

_MODULE_OF = {
    "Estimate": "corpuskit.prepare.estimate",
    "PreparationPlan": "corpuskit.prepare.preview",
    "Prepared": "corpuskit.prepare.running",
    "Progress": "corpuskit.prepare.progress",
    "run": "corpuskit.prepare.pipeline",
}

__all__ = ["Estimate", "PreparationPlan", "Prepared", "Progress", "run"]


def __getattr__(name: str) -> Any:
    try:
        module = importlib.import_module(_MODULE_OF[name])
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(module, name)
