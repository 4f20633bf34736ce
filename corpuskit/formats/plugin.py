"""The formats of other trainers that come with corpuskit."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import FormatSpec


@hookimpl
def corpuskit_formats() -> list[FormatSpec]:
    """The built-in formats."""
    return [
        FormatSpec(
            "nanogpt",
            "One raw .bin a split, as nanoGPT's train.py reads it",
            factory="corpuskit.formats.nanogpt:NanoGPT",
        ),
        FormatSpec(
            "llmc",
            "llm.c's shards, a header before the ids",
            factory="corpuskit.formats.llmc:LlmC",
        ),
        FormatSpec(
            "megatron",
            "Megatron-Core's .bin of ids and .idx of documents",
            factory="corpuskit.formats.megatron:Megatron",
        ),
        FormatSpec(
            "datatrove",
            "datatrove's .ds files, with a mask of what is learned",
            factory="corpuskit.formats.datatrove:Datatrove",
        ),
        FormatSpec(
            "olmo",
            "OLMo-core's .npy of ids and .csv.gz of documents",
            factory="corpuskit.formats.olmo:Olmo",
        ),
        FormatSpec(
            "litdata",
            "LitData's chunks of tokens, as litgpt reads them",
            factory="corpuskit.formats.litdata:LitData",
        ),
        FormatSpec(
            "mds",
            "MosaicML's shards of samples, as llm-foundry reads them",
            factory="corpuskit.formats.mds:Mds",
        ),
        FormatSpec(
            "parquet",
            "Parquet: a row a document, of ids and fields, or of text as nanochat reads it",
            factory="corpuskit.formats.parquet:Parquet",
        ),
        FormatSpec(
            "arrow",
            "Streams of Arrow, which Hugging Face's datasets maps",
            factory="corpuskit.formats.arrow:Arrow",
        ),
        FormatSpec(
            "safetensors",
            "One file of tensors a split: the ids, the documents' ends, the mask",
            factory="corpuskit.formats.safetensors:SafeTensors",
        ),
        FormatSpec(
            "levanter",
            "Levanter's caches of tokens, arrays of zarr",
            factory="corpuskit.formats.levanter:Levanter",
        ),
    ]
