"""Every encoding that the installed tiktoken knows, its plugins' included."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import TokenizerSpec

#: Those that gigatoken is exact for, installed or not: what a part of the work is follows from names only.
FAST = frozenset({"gpt2", "r50k_base", "cl100k_base", "o200k_base", "o200k_harmony"})

_SUMMARIES = {
    "gpt2": "GPT-2's 50,257 ids, and nanoGPT's",
    "r50k_base": "GPT-3's first models; the same ids as gpt2",
    "p50k_base": "Codex and text-davinci-003: r50k_base, and ids for runs of spaces",
    "p50k_edit": "text-davinci-edit: p50k_base, and ids for filling in",
    "cl100k_base": "GPT-3.5 and GPT-4; 100,277 ids",
    "o200k_base": "GPT-4o and later models; 200,019 ids",
    "o200k_harmony": "gpt-oss: o200k_base, and ids for conversations",
}


@hookimpl
def corpuskit_tokenizers() -> list[TokenizerSpec]:
    """One spec an encoding, as tiktoken itself lists them."""
    import tiktoken

    return [
        TokenizerSpec(
            name,
            _SUMMARIES.get(name, "tiktoken's encoding"),
            factory="corpuskit.tokenizers.tiktoken:TiktokenTokenizer",
            fast=name in FAST,
        )
        for name in tiktoken.list_encoding_names()
    ]
