"""The samplers that come with corpuskit."""

from __future__ import annotations

from corpuskit.hookspecs import hookimpl
from corpuskit.specs import SamplerSpec


@hookimpl
def corpuskit_samplers() -> list[SamplerSpec]:
    """The built-in samplers."""
    return [
        SamplerSpec(
            "random",
            "Uniform windows with replacement, as nanoGPT draws them",
            factory="corpuskit.samplers.random:RandomSampler",
        ),
    ]
