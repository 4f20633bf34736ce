"""What the order of a corpus in a mixture depends on, beside the seed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import Manifest


def order_identity(corpus: Corpus, split: str) -> str:
    """What the tokens of a split are, whatever its shards: the text's digests, the tokenizer and the cut.

    It is no proof: that a run goes on with the same tokens is seen by the shards' digests, as everywhere.

    Args:
        corpus: The corpus.
        split: The split's name.
    """
    manifest = corpus.manifest
    parts: list[Any] = [
        manifest.dataset,
        [record.sha256 for record in manifest.inputs],
        manifest.tokenizer.fingerprint,
        [split, corpus[split].num_tokens, corpus[split].num_documents],
    ]
    if rules := _rules(manifest):
        parts.append(rules)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _rules(manifest: Manifest) -> list[Any]:
    """By what the documents of a derived corpus were chosen; other shards are the same documents."""
    steps = manifest.options.get("derived")
    return [
        {name: value for name, value in step.items() if name != "parents"}
        for step in (steps if isinstance(steps, list) else [])
        if isinstance(step, dict) and step.get("rule") != "reshard"
    ]


__all__ = ["order_identity"]
