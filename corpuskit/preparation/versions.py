"""The versions of what decides a part's bytes, beside the inputs and the options."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from functools import cache

from corpuskit.registry.discovery import Owner
from corpuskit.version import __version__

#: Libraries that read documents or compute ids. What a tokenizer's fingerprint covers is its vocabulary.
_LIBRARIES = ("gigatoken", "orjson", "pyarrow", "sentencepiece", "tiktoken", "tokenizers")


@cache
def _libraries() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def versions_of(owners: Iterable[Owner]) -> dict[str, str]:
    """The versions of corpuskit, of the plugins that components come from, and of libraries below."""
    plugins = {owner.distribution: owner.version for owner in owners}
    return {**dict(sorted(plugins.items())), "corpuskit": __version__, **_libraries()}
