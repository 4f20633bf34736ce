"""The tokenizers that need no vocabulary file."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import TokenizerSpec


@hookimpl
def corpuskit_tokenizers() -> list[TokenizerSpec]:
    """Bytes and characters."""
    return [
        TokenizerSpec(
            "bytes",
            "One id a byte, and an end-of-text id",
            factory="corpuskit.tokenizers.bytes:ByteTokenizer",
            pinned=True,
            fast=True,
        ),
        TokenizerSpec(
            "chars",
            "One id for each character of the corpus",
            factory="corpuskit.tokenizers.chars:CharTokenizer",
            pinned=True,
            fast=True,
        ),
    ]
