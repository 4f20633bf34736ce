"""Samplers by name."""

from __future__ import annotations

from corpuskit.registry.specs import SamplerSpec
from corpuskit.samplers.base import AnySampler, SamplerContext


def open_sampler(name: str, context: SamplerContext) -> AnySampler:
    """The sampler of a name; the answers of a plugin's are checked.

    Raises:
        UnknownName: If there is none.
        ConfigError: If the sampler cannot do what the context says.
    """
    from corpuskit.registry import default
    from corpuskit.samplers.guard import guarded

    component = default().find(SamplerSpec, name)

    def make(context: SamplerContext) -> AnySampler:
        opened = component.make(AnySampler, context)
        return opened if component.owner.is_builtin else guarded(opened, component, context)

    if context.phases is None:
        return make(context)
    from corpuskit.samplers.phased import open_phased

    return open_phased(name, context, make)
