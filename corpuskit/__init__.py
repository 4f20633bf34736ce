"""corpuskit turns text corpora into verified token files, and token files into training batches.

```python
import corpuskit

corpus = corpuskit.prepare("tinyshakespeare", encoding="gpt2")
x, y = corpus.batches("train", batch_size=64, block_size=128, seed=2024)[0]
```

Importing this package imports none of its dependencies; each name below does when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.lazy import lazy_attributes
from corpuskit.version import __version__

if TYPE_CHECKING:
    from corpuskit.batches.batches import Batches
    from corpuskit.batches.labels import Labels
    from corpuskit.batches.segments import Segments
    from corpuskit.batches.trace import Trace
    from corpuskit.bundles.collecting import Bundle, fetch_bundle
    from corpuskit.bundles.packing import pack
    from corpuskit.bundles.unpacking import unpack
    from corpuskit.config.batches import BatchConfig
    from corpuskit.config.prepare import PrepareConfig
    from corpuskit.config.run import RunConfig, read_config
    from corpuskit.corpus.corpus import Corpus
    from corpuskit.corpus.corpus import open_corpus as open
    from corpuskit.corpus.manifest import Manifest
    from corpuskit.corpus.mixture import Mixture, Stage, Weighted, mix
    from corpuskit.corpus.mixture_file import read_mixture
    from corpuskit.corpus.select import select
    from corpuskit.corpus.split import Split
    from corpuskit.corpus.verification import Problem, verify
    from corpuskit.derivation.api import concat, filter, reshard, split
    from corpuskit.errors import CorpuskitError
    from corpuskit.evaluation.bits_per_byte import BitsPerByte
    from corpuskit.evaluation.evaluation import Evaluation
    from corpuskit.evaluation.loss_by_source import LossBySource
    from corpuskit.fetching.verified import fetch
    from corpuskit.formats.api import export
    from corpuskit.formats.foreign_corpus import open_foreign
    from corpuskit.formats.importing import import_tokens
    from corpuskit.inspect.card import Card, card
    from corpuskit.inspect.collecting import stats
    from corpuskit.inspect.comparison import Comparison, compare
    from corpuskit.inspect.health import Finding, health
    from corpuskit.inspect.publishing import publish
    from corpuskit.inspect.report.api import Report, report
    from corpuskit.inspect.stats import Stats
    from corpuskit.inspect.where import where
    from corpuskit.on_progress import Progress
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
        StoreSpec,
        TemplateSpec,
        TokenizerSpec,
    )
    from corpuskit.reproducibility import deterministic, seed_all
    from corpuskit.selection import Selection
    from corpuskit.sources.base import Document
    from corpuskit.terminal.progress_bars import ProgressBars as progress
    from corpuskit.tokenizers.opening import encodings

#: Where each name comes from.
_PLACES = {
    "BatchConfig": "corpuskit.config.batches:BatchConfig",
    "Batches": "corpuskit.batches.batches:Batches",
    "BitsPerByte": "corpuskit.evaluation.bits_per_byte:BitsPerByte",
    "Bundle": "corpuskit.bundles.collecting:Bundle",
    "Card": "corpuskit.inspect.card:Card",
    "CommandSpec": "corpuskit.registry.specs:CommandSpec",
    "Comparison": "corpuskit.inspect.comparison:Comparison",
    "Corpus": "corpuskit.corpus.corpus:Corpus",
    "CorpuskitError": "corpuskit.errors:CorpuskitError",
    "Document": "corpuskit.sources.base:Document",
    "Evaluation": "corpuskit.evaluation.evaluation:Evaluation",
    "ExecutorSpec": "corpuskit.registry.specs:ExecutorSpec",
    "Finding": "corpuskit.inspect.health:Finding",
    "FormatSpec": "corpuskit.registry.specs:FormatSpec",
    "Labels": "corpuskit.batches.labels:Labels",
    "LossBySource": "corpuskit.evaluation.loss_by_source:LossBySource",
    "Manifest": "corpuskit.corpus.manifest:Manifest",
    "Mixture": "corpuskit.corpus.mixture:Mixture",
    "PreparationPlan": "corpuskit.preparation.preview.result:PreparationPlan",
    "PrepareConfig": "corpuskit.config.prepare:PrepareConfig",
    "Problem": "corpuskit.corpus.verification:Problem",
    "Progress": "corpuskit.on_progress:Progress",
    "ReaderSpec": "corpuskit.registry.specs:ReaderSpec",
    "RemoteFile": "corpuskit.registry.specs:RemoteFile",
    "Report": "corpuskit.inspect.report.api:Report",
    "RunConfig": "corpuskit.config.run:RunConfig",
    "SamplerSpec": "corpuskit.registry.specs:SamplerSpec",
    "Segments": "corpuskit.batches.segments:Segments",
    "Selection": "corpuskit.selection:Selection",
    "SourceSpec": "corpuskit.registry.specs:SourceSpec",
    "Split": "corpuskit.corpus.split:Split",
    "Stage": "corpuskit.corpus.mixture:Stage",
    "Stats": "corpuskit.inspect.stats:Stats",
    "StoreSpec": "corpuskit.registry.specs:StoreSpec",
    "TemplateSpec": "corpuskit.registry.specs:TemplateSpec",
    "TokenizerSpec": "corpuskit.registry.specs:TokenizerSpec",
    "Trace": "corpuskit.batches.trace:Trace",
    "Weighted": "corpuskit.corpus.mixture:Weighted",
    "card": "corpuskit.inspect.card:card",
    "compare": "corpuskit.inspect.comparison:compare",
    "concat": "corpuskit.derivation.api:concat",
    "deterministic": "corpuskit.reproducibility:deterministic",
    "encodings": "corpuskit.tokenizers.opening:encodings",
    "export": "corpuskit.formats.api:export",
    "fetch": "corpuskit.fetching.verified:fetch",
    "fetch_bundle": "corpuskit.bundles.collecting:fetch_bundle",
    "filter": "corpuskit.derivation.api:filter",
    "health": "corpuskit.inspect.health:health",
    "hookimpl": "corpuskit.registry.hookspecs:hookimpl",
    "import_tokens": "corpuskit.formats.importing:import_tokens",
    "mix": "corpuskit.corpus.mixture:mix",
    "open": "corpuskit.corpus.corpus:open_corpus",
    "pack": "corpuskit.bundles.packing:pack",
    "open_foreign": "corpuskit.formats.foreign_corpus:open_foreign",
    "plan": "corpuskit.preparation.api:plan",
    "prepare": "corpuskit.preparation.api:prepare",
    "progress": "corpuskit.terminal.progress_bars:ProgressBars",
    "publish": "corpuskit.inspect.publishing:publish",
    "read_config": "corpuskit.config.run:read_config",
    "read_mixture": "corpuskit.corpus.mixture_file:read_mixture",
    "report": "corpuskit.inspect.report.api:report",
    "reshard": "corpuskit.derivation.api:reshard",
    "seed_all": "corpuskit.reproducibility:seed_all",
    "select": "corpuskit.corpus.select:select",
    "split": "corpuskit.derivation.api:split",
    "stats": "corpuskit.inspect.collecting:stats",
    "unpack": "corpuskit.bundles.unpacking:unpack",
    "verify": "corpuskit.corpus.verification:verify",
    "where": "corpuskit.inspect.where:where",
}

__all__ = [
    "BatchConfig",
    "Batches",
    "BitsPerByte",
    "Bundle",
    "Card",
    "CommandSpec",
    "Comparison",
    "Corpus",
    "CorpuskitError",
    "Document",
    "Evaluation",
    "ExecutorSpec",
    "Finding",
    "FormatSpec",
    "Labels",
    "LossBySource",
    "Manifest",
    "Mixture",
    "PreparationPlan",
    "PrepareConfig",
    "Problem",
    "Progress",
    "ReaderSpec",
    "RemoteFile",
    "Report",
    "RunConfig",
    "SamplerSpec",
    "Segments",
    "Selection",
    "SourceSpec",
    "Split",
    "Stage",
    "Stats",
    "StoreSpec",
    "TemplateSpec",
    "TokenizerSpec",
    "Trace",
    "Weighted",
    "__version__",
    "card",
    "compare",
    "concat",
    "deterministic",
    "encodings",
    "export",
    "fetch",
    "fetch_bundle",
    "filter",
    "health",
    "hookimpl",
    "import_tokens",
    "mix",
    "open",
    "open_foreign",
    "pack",
    "plan",
    "prepare",
    "progress",
    "publish",
    "read_config",
    "read_mixture",
    "report",
    "reshard",
    "seed_all",
    "select",
    "split",
    "stats",
    "unpack",
    "verify",
    "where",
]

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)
