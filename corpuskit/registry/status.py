"""What `corpuskit plugins` shows of each plugin: whether it works, what it provides, and conflicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from corpuskit.registry.component import Component
from corpuskit.registry.discovery import Owner
from corpuskit.registry.loading import Plugins


@dataclasses.dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as `corpuskit plugins` shows it.

    `status` is "ok", "failed" or "disabled"; `error` says why it failed; `provides` maps a kind to the
    names of its components; `conflicts` says which of those names another plugin has too, one line each.
    """

    owner: Owner
    status: str
    error: str | None
    provides: dict[str, list[str]]
    conflicts: tuple[str, ...] = ()


def status_of(plugins: Plugins, components: Sequence[Component[Any]]) -> list[PluginInfo]:
    """Every plugin that is installed or built in, whether it works or not.

    Args:
        plugins: The plugins.
        components: What all of them register.
    """
    infos = [
        PluginInfo(
            owner,
            "failed" if owner in plugins.failed else "ok",
            plugins.failed.get(owner),
            _names_by_kind(component for component in components if component.owner == owner),
            _conflicts(owner, components),
        )
        for owner in plugins.owners.values()
    ]
    loaded = set(plugins.owners.values())
    infos += [
        PluginInfo(owner, "failed", reason, {})
        for owner, reason in plugins.failed.items()
        if owner not in loaded
    ]
    return infos + [PluginInfo(owner, "disabled", None, {}) for owner in plugins.disabled]


def _names_by_kind(components: Iterable[Component[Any]]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for component in components:
        names.setdefault(component.kind, []).append(component.spec.name)
    return names


def _conflicts(owner: Owner, components: Sequence[Component[Any]]) -> tuple[str, ...]:
    """One line for each of an owner's names that somebody else has too."""
    mine = {(component.kind, component.spec.name) for component in components if component.owner == owner}
    return tuple(
        f"{other.kind} {other.spec.name!r} is also provided by {other.owner}"
        for other in components
        if other.owner != owner and (other.kind, other.spec.name) in mine
    )


__all__ = ["PluginInfo", "status_of"]
