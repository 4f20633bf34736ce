"""The samplers that come with corpuskit."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import SamplerSpec


@hookimpl
def corpuskit_samplers() -> list[SamplerSpec]:
    """The built-in samplers."""
    return [
        SamplerSpec(
            "random",
            "Uniform windows with replacement, as nanoGPT draws them",
            factory="corpuskit.samplers.random:RandomSampler",
        ),
        SamplerSpec(
            "shuffled",
            "Every window once an epoch, in a new order each epoch",
            factory="corpuskit.samplers.shuffled:ShuffledSampler",
        ),
        SamplerSpec(
            "shard_shuffled",
            "Every window once an epoch, shuffled among some shards at a time, for small caches",
            factory="corpuskit.samplers.shard_shuffled:ShardShuffledSampler",
        ),
        SamplerSpec(
            "sequential",
            "Windows in order, for evaluation; the tail is dropped or padded",
            factory="corpuskit.samplers.sequential:open_sequential",
            pads=True,
        ),
        SamplerSpec(
            "packed",
            "Whole documents, packed into rows by best fit",
            factory="corpuskit.samplers.packed:PackedSampler",
            pads=True,
        ),
        SamplerSpec(
            "aligned",
            "Rows from documents' beginnings, the rest cropped, as nanochat fills them",
            factory="corpuskit.samplers.aligned:AlignedSampler",
        ),
    ]
