"""The Hugging Face Hub's datasets and tokenizers in corpuskit, and corpora as `datasets.Dataset`.

- `corpuskit prepare hf:org/name` reads a dataset's files, and those of a folder that looks like one;
- `--encoding hf:org/name` encodes with a `tokenizer.json`;
- `--template hf:org/name` writes conversations as a model's chat template does;
- `corpuskit publish PATH hf://org/name` puts a corpus there, and `corpuskit.open` reads it;
- `corpus_to_hf(corpus)` shows a prepared corpus to whatever works with `datasets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import corpuskit

if TYPE_CHECKING:
    from corpuskit_huggingface.dataset import corpus_to_hf

__version__ = "0.1.0"

__all__ = [
    "corpus_to_hf",
    "corpuskit_readers",
    "corpuskit_sources",
    "corpuskit_stores",
    "corpuskit_templates",
    "corpuskit_tokenizers",
]


@corpuskit.hookimpl
def corpuskit_sources() -> list[corpuskit.SourceSpec]:
    """One name for every dataset; which one follows after a colon."""
    return [
        corpuskit.SourceSpec(
            "hf",
            "A dataset of the Hugging Face Hub or a folder: hf:org/name[@revision][:config][/split]",
            factory="corpuskit_huggingface.source:HuggingFaceSource",
            split="",
            homepage="https://huggingface.co/datasets",
        )
    ]


@corpuskit.hookimpl
def corpuskit_tokenizers() -> list[corpuskit.TokenizerSpec]:
    """One name for every tokenizer.json; which one follows after a colon."""
    return [
        corpuskit.TokenizerSpec(
            "hf",
            "A tokenizer.json: hf:path, or of the Hugging Face Hub: hf:org/name[@revision]",
            factory="corpuskit_huggingface.tokenizer:HuggingFaceTokenizer",
        )
    ]


@corpuskit.hookimpl
def corpuskit_templates() -> list[corpuskit.TemplateSpec]:
    """One name for every chat template; whose it is follows after a colon."""
    return [
        corpuskit.TemplateSpec(
            "hf",
            "A model's own chat template: hf:path, or of the Hugging Face Hub: hf:org/name[@revision]",
            factory="corpuskit_huggingface.chat_template:HuggingFaceTemplate",
        )
    ]


@corpuskit.hookimpl
def corpuskit_stores() -> list[corpuskit.StoreSpec]:
    """Repositories of the Hub, to publish corpora to and to open them from."""
    return [
        corpuskit.StoreSpec(
            "hf",
            "A dataset repository of the Hugging Face Hub: hf://org/name[@revision][/folder]",
            factory="corpuskit_huggingface.store:HubStore",
        )
    ]


@corpuskit.hookimpl
def corpuskit_readers() -> list[corpuskit.ReaderSpec]:
    """The files that `datasets` keeps its tables in."""
    return [
        corpuskit.ReaderSpec(
            "arrow",
            "Arrow IPC files and streams, as datasets saves them: the text in one of the columns",
            factory="corpuskit_huggingface.arrow:ArrowReader",
            extensions=(".arrow",),
        )
    ]


def __getattr__(name: str) -> Any:
    if name == "corpus_to_hf":
        from corpuskit_huggingface.dataset import corpus_to_hf

        return corpus_to_hf
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
