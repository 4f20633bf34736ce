"""SentencePiece models as tokenizers of corpuskit: `--encoding sp:path/to/model.model`."""

from __future__ import annotations

import corpuskit

__version__ = "0.1.0"

__all__ = ["corpuskit_tokenizers"]


@corpuskit.hookimpl
def corpuskit_tokenizers() -> list[corpuskit.TokenizerSpec]:
    """One name for every model; the model's file follows it after a colon."""
    return [
        corpuskit.TokenizerSpec(
            "sp",
            "A SentencePiece model: sp:path/to/model.model",
            factory="corpuskit_sentencepiece.tokenizer:SentencePieceTokenizer",
        )
    ]
