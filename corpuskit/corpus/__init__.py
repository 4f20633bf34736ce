"""Prepared corpora: the manifest, the token streams over their files, and their verification."""

from __future__ import annotations

from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.corpus.manifest import Manifest
from corpuskit.corpus.mixture import Mixture, Stage, Weighted, mix
from corpuskit.corpus.split import Split
from corpuskit.corpus.verification import Problem, verify

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
