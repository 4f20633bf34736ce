"""The last room: token files as other trainers read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.registry.specs import FormatSpec

if TYPE_CHECKING:
    from corpuskit.formats.base import Format


def open_format(name: str) -> Format:
    """The format that answers to a name.

    Raises:
        UnknownName: If no plugin has the name.
        PluginLoadFailed: If what the plugin gives is not a format.

    Example:
        >>> corpus = corpuskit.open("data/tinyshakespeare/gpt2")
        >>> files = open_format("nanogpt").write(corpus, Path("nanoGPT/data/own"))
    """
    from corpuskit.formats.base import Format
    from corpuskit.registry import default

    return default().find(FormatSpec, name).make(Format)


__all__ = ["open_format"]
