"""Every encoding that the installed tiktoken knows, its plugins' included."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import TokenizerSpec

#: Those that gigatoken is exact for, installed or not: what a part of the work is follows from names only.
FAST = frozenset({"gpt2", "r50k_base", "cl100k_base", "o200k_base", "o200k_harmony"})


@hookimpl
def corpuskit_tokenizers() -> list[TokenizerSpec]:
    """One spec an encoding, as tiktoken itself lists them."""
    import tiktoken

    return [
        TokenizerSpec(
            name,
            "tiktoken's encoding",
            factory="corpuskit.tokenizers.tiktoken:TiktokenTokenizer",
            fast=name in FAST,
        )
        for name in tiktoken.list_encoding_names()
    ]
