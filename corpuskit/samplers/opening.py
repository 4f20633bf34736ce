"""Samplers by name."""

from __future__ import annotations

from corpuskit.registry.specs import SamplerSpec
from corpuskit.samplers.base import AnySampler, SamplerContext


def least_tokens(name: str, block_size: int) -> int:
    """How few tokens a stream may have for a sampler: two where its rows may be padded, else those of a row.

    Args:
        name: The sampler's name.
        block_size: T, tokens of x in a row.

    Raises:
        UnknownName: If there is none of the name.
    """
    from corpuskit.registry import default

    return 2 if default().find(SamplerSpec, name).spec.pads else block_size + 1


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
