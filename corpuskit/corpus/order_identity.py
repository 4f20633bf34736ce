"""What the order of a corpus in a mixture depends on, beside the seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from corpuskit.corpus.corpus import Corpus


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
    if rules := _rules(manifest.options):
        parts.append(rules)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _rules(options: Any) -> list[Any]:
    """By what the documents of a derived corpus were chosen; other shards are the same documents."""
    steps = options.get("derived") if isinstance(options, Mapping) else None
    found = []
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, dict) and step.get("rule") != "reshard":
            parents = step.get("parents")
            theirs = [
                _rules(parent.get("options")) if isinstance(parent, dict) else []
                for parent in (parents if isinstance(parents, list) else [])
            ]
            found.append({**step, "parents": theirs})
            if not any(theirs):
                del found[-1]["parents"]
    return found


__all__ = ["order_identity"]
