"""Prepared corpora: the manifest, the token streams over their files, mixtures, and verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.lazy import lazy_attributes

if TYPE_CHECKING:
    from corpuskit.corpus.corpus import Corpus, open_corpus
    from corpuskit.corpus.manifest import Manifest
    from corpuskit.corpus.mixture import Mixture, Stage, Weighted, mix
    from corpuskit.corpus.split import Split
    from corpuskit.corpus.verification import Problem, verify

_PLACES = {
    "Corpus": "corpuskit.corpus.corpus:Corpus",
    "Manifest": "corpuskit.corpus.manifest:Manifest",
    "Mixture": "corpuskit.corpus.mixture:Mixture",
    "Problem": "corpuskit.corpus.verification:Problem",
    "Split": "corpuskit.corpus.split:Split",
    "Stage": "corpuskit.corpus.mixture:Stage",
    "Weighted": "corpuskit.corpus.mixture:Weighted",
    "mix": "corpuskit.corpus.mixture:mix",
    "open_corpus": "corpuskit.corpus.corpus:open_corpus",
    "verify": "corpuskit.corpus.verification:verify",
}

__all__ = [
    "Corpus",
    "Manifest",
    "Mixture",
    "Problem",
    "Split",
    "Stage",
    "Weighted",
    "mix",
    "open_corpus",
    "verify",
]

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)
