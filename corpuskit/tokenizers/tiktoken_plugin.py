"""Every encoding that the installed tiktoken knows, its plugins' included."""

from __future__ import annotations

from corpuskit.hookspecs import hookimpl
from corpuskit.specs import TokenizerSpec


@hookimpl
def corpuskit_tokenizers() -> list[TokenizerSpec]:
    """One spec an encoding, as tiktoken itself lists them."""
    import tiktoken

    return [
        TokenizerSpec(name, "tiktoken's encoding", factory="corpuskit.tokenizers.tiktoken:TiktokenTokenizer")
        for name in tiktoken.list_encoding_names()
    ]
