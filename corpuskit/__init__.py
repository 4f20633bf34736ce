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
    from corpuskit.batches import Batches, Documents, Mixture, Stage, mix
    from corpuskit.cli.render import ProgressBars as progress
    from corpuskit.config import BatchConfig, PrepareConfig, RunConfig, read_config
    from corpuskit.corpus import Corpus, Manifest, Split
    from corpuskit.corpus import open_corpus as open
    from corpuskit.corpus.verify import verify
    from corpuskit.errors import CorpuskitError
    from corpuskit.fetch import fetch
    from corpuskit.hookspecs import hookimpl
    from corpuskit.prepare.pipeline import plan
    from corpuskit.prepare.preview import PreparationPlan
    from corpuskit.python import prepare
    from corpuskit.reproducibility import deterministic, seed_all
    from corpuskit.sources.base import Document
    from corpuskit.specs import (
        CommandSpec,
        ExecutorSpec,
        FormatSpec,
        ReaderSpec,
        RemoteFile,
        SamplerSpec,
        SourceSpec,
        TokenizerSpec,
    )
    from corpuskit.tokenizers import encodings

__version__ = "0.1.0"

_MODULE_OF = {
    "BatchConfig": "corpuskit.config",
    "Batches": "corpuskit.batches",
    "CommandSpec": "corpuskit.specs",
    "Corpus": "corpuskit.corpus",
    "CorpuskitError": "corpuskit.errors",
    "Document": "corpuskit.sources.base",
    "Documents": "corpuskit.batches",
    "ExecutorSpec": "corpuskit.specs",
    "FormatSpec": "corpuskit.specs",
    "Manifest": "corpuskit.corpus",
    "Mixture": "corpuskit.batches",
    "PreparationPlan": "corpuskit.prepare.preview",
    "PrepareConfig": "corpuskit.config",
    "ReaderSpec": "corpuskit.specs",
    "RemoteFile": "corpuskit.specs",
    "RunConfig": "corpuskit.config",
    "SamplerSpec": "corpuskit.specs",
    "SourceSpec": "corpuskit.specs",
    "Split": "corpuskit.corpus",
    "Stage": "corpuskit.batches",
    "TokenizerSpec": "corpuskit.specs",
    "deterministic": "corpuskit.reproducibility",
    "encodings": "corpuskit.tokenizers",
    "fetch": "corpuskit.fetch",
    "hookimpl": "corpuskit.hookspecs",
    "mix": "corpuskit.batches",
    "open": "corpuskit.corpus",
    "plan": "corpuskit.prepare.pipeline",
    "prepare": "corpuskit.python",
    "progress": "corpuskit.cli.render",
    "read_config": "corpuskit.config",
    "seed_all": "corpuskit.reproducibility",
    "verify": "corpuskit.corpus.verify",
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
