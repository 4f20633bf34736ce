"""The last room: token files as other trainers read them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from corpuskit.registry.blame import blame
from corpuskit.registry.component import Component
from corpuskit.registry.distribution import NAME as DISTRIBUTION
from corpuskit.registry.specs import FormatSpec

if TYPE_CHECKING:
    from corpuskit.formats.base import Format

#: What a format may implement; its own errors are said to be its own.
_METHODS = ("check", "check_meta", "without_meta", "write_split", "write_meta")


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

    component = default().find(FormatSpec, name)
    found = component.make(Format)
    if component.owner.distribution != DISTRIBUTION:
        if not isinstance(getattr(found, "name", None), str):
            raise component.refused("a Format with a name", found)
        for method in _METHODS:
            setattr(found, method, _blamed(getattr(found, method), component))
    return found


def _blamed(method: Callable[..., Any], component: Component[FormatSpec]) -> Callable[..., Any]:
    @functools.wraps(method)
    def called(*arguments: Any, **named: Any) -> Any:
        with blame(component.what, component.owner, lambda: f"{method.__name__}()"):
            return method(*arguments, **named)

    return called


__all__ = ["open_format"]
