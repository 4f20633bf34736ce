"""corpuskit turns text corpora into verified token files, and token files into training batches.

```python
import corpuskit

corpus = corpuskit.prepare("tinyshakespeare", encoding="gpt2")
x, y = corpus.batches("train", batch_size=64, block_size=128, seed=2024)[0]
```

Importing this package imports none of its dependencies; each name below does when it is first used.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpuskit.bars import ProgressBars as progress
    from corpuskit.batches import Batches, Documents
    from corpuskit.config import BatchConfig, PrepareConfig, RunConfig, read_config
    from corpuskit.corpus import Corpus, Manifest, Split
    from corpuskit.corpus import open_corpus as open
    from corpuskit.corpus.mixture import Mixture, Stage, mix
    from corpuskit.corpus.verification import verify
    from corpuskit.errors import CorpuskitError
    from corpuskit.fetching.verified import fetch
    from corpuskit.preparation.api import plan, prepare
    from corpuskit.preparation.preview.result import PreparationPlan
    from corpuskit.registry.hookspecs import hookimpl
    from corpuskit.registry.specs import (
        CommandSpec,
        ExecutorSpec,
        FormatSpec,
        ReaderSpec,
        RemoteFile,
        SamplerSpec,
        SourceSpec,
        TokenizerSpec,
    )
    from corpuskit.reproducibility import deterministic, seed_all
    from corpuskit.sources.base import Document
    from corpuskit.tokenizers.opening import encodings

__version__ = "0.1.0"

_MODULE_OF = {
    "BatchConfig": "corpuskit.config",
    "Batches": "corpuskit.batches",
    "CommandSpec": "corpuskit.registry.specs",
    "Corpus": "corpuskit.corpus",
    "CorpuskitError": "corpuskit.errors",
    "Document": "corpuskit.sources.base",
    "Documents": "corpuskit.batches",
    "ExecutorSpec": "corpuskit.registry.specs",
    "FormatSpec": "corpuskit.registry.specs",
    "Manifest": "corpuskit.corpus",
    "Mixture": "corpuskit.batches",
    "PreparationPlan": "corpuskit.preparation.preview.result",
    "PrepareConfig": "corpuskit.config",
    "ReaderSpec": "corpuskit.registry.specs",
    "RemoteFile": "corpuskit.registry.specs",
    "RunConfig": "corpuskit.config",
    "SamplerSpec": "corpuskit.registry.specs",
    "SourceSpec": "corpuskit.registry.specs",
    "Split": "corpuskit.corpus",
    "Stage": "corpuskit.batches",
    "TokenizerSpec": "corpuskit.registry.specs",
    "deterministic": "corpuskit.reproducibility",
    "encodings": "corpuskit.tokenizers",
    "fetch": "corpuskit.fetch",
    "hookimpl": "corpuskit.registry.hookspecs",
    "mix": "corpuskit.batches",
    "open": "corpuskit.corpus",
    "plan": "corpuskit.preparation.api",
    "prepare": "corpuskit.python",
    "progress": "corpuskit.cli.render",
    "read_config": "corpuskit.config",
    "seed_all": "corpuskit.reproducibility",
    "verify": "corpuskit.corpus.verification",
}

__all__ = [
    "BatchConfig",
    "Batches",
    "CommandSpec",
    "Corpus",
    "CorpuskitError",
    "Document",
    "Documents",
    "ExecutorSpec",
    "FormatSpec",
    "Manifest",
    "Mixture",
    "PreparationPlan",
    "PrepareConfig",
    "ReaderSpec",
    "RemoteFile",
    "RunConfig",
    "SamplerSpec",
    "SourceSpec",
    "Split",
    "Stage",
    "TokenizerSpec",
    "__version__",
    "deterministic",
    "encodings",
    "fetch",
    "hookimpl",
    "mix",
    "open",
    "plan",
    "prepare",
    "progress",
    "read_config",
    "seed_all",
    "verify",
]


def __getattr__(name: str) -> Any:
    try:
        module = importlib.import_module(_MODULE_OF[name])
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(module, {"open": "open_corpus", "progress": "ProgressBars"}.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(types.ModuleType):
    """Keeps `corpuskit.prepare` the function: importing the package of that name would put it there."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _MODULE_OF and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
