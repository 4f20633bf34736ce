"""The corridor between the rooms: named components, who owns them, and errors that name the owner.

Built-in components are plugins behind the same hooks as everybody else's. They are looked up first, and
asking for a built-in name scans no entry points. `corpuskit.registry.loading` loads the others.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from functools import cache

from corpuskit import near
from corpuskit.errors import DuplicateName, UnavailableName, UnknownName
from corpuskit.registry.checks import SPECS
from corpuskit.registry.component import Component, SpecT
from corpuskit.registry.discovery import Owner
from corpuskit.registry.loading import BUILTIN_MODULES, Plugins
from corpuskit.registry.specs import Spec
from corpuskit.registry.status import PluginInfo, status_of

log = logging.getLogger(__name__)


class Registry:
    """Finds components by the class of their spec and by name.

    Args:
        environ: Where CORPUSKIT_PLUGINS and CORPUSKIT_STRICT_PLUGINS are read; None is the process's.
    """

    def __init__(self, *, environ: Mapping[str, str] | None = None) -> None:
        self._plugins = Plugins(os.environ if environ is None else environ)
        self._warned: set[str] = set()  # reasons
        self._lock = threading.RLock()  # a plugin may ask the registry for a name while it is loaded

    def find(self, spec: type[SpecT], name: str) -> Component[SpecT]:
        """The component that answers to `name`, which may carry an argument: `hf:org/name`.

        Args:
            spec: The class of its spec, which says the kind: `SourceSpec`, `TokenizerSpec`, ...
            name: A registered name, or one followed by a colon and an argument for the factory.

        Raises:
            UnknownName: If no loaded plugin has it; the message lists near misses and failed plugins.
            UnavailableName: If it may be the name of a plugin that failed.
            DuplicateName: If two plugins have it.
        """
        base, colon, argument = name.partition(":")
        spellings = [(name, None), (base, argument)] if colon else [(name, None)]
        with self._lock:
            for registered in BUILTIN_MODULES:
                # One module at a time: asking for `bytes` must not import tiktoken to list its encodings.
                for wanted, rest in spellings:
                    for component in self._named(spec, wanted, [registered]):
                        return dataclasses.replace(component, argument=rest)
            for wanted, rest in spellings:
                owned = self._named(spec, wanted, self._plugins.all_names())
                if len(owned) > 1:
                    owners = " and by ".join(str(component.owner) for component in owned)
                    raise DuplicateName(
                        f"{spec.kind} {wanted!r} is provided by {owners}; uninstall one, or choose with "
                        "CORPUSKIT_PLUGINS",
                        found=[component.owner for component in owned],
                    )
                if owned:
                    return dataclasses.replace(owned[0], argument=rest)
            raise self._unknown(spec, name)

    def components(self, spec: type[SpecT], *, quiet: bool = False) -> list[Component[SpecT]]:
        """Every component of a kind, built-ins first, then by name.

        Args:
            spec: The class of their specs, which says the kind.
            quiet: Whether to say nothing of plugins that failed: where the list is not for a person.
        """
        plugins = self._plugins
        with self._lock:
            found = self._components(spec, plugins.all_names())
            if not quiet:
                self.warn_of_failed()
        return sorted(found, key=lambda c: (not c.owner.is_builtin, c.spec.name, str(c.owner)))

    def plugins(self) -> list[PluginInfo]:
        """Every plugin that is installed or built in, whether it works or not."""
        with self._lock:
            names = self._plugins.all_names()
            owned = [component for spec in SPECS.values() for component in self._components(spec, names)]
            return status_of(self._plugins, owned)

    def warn_of_failed(self) -> None:
        """Warn of the plugins that failed, each reason once: for whoever asks what there is."""
        by_reason: dict[str, list[Owner]] = {}
        for owner, reason in self._plugins.failed.items():
            by_reason.setdefault(reason, []).append(owner)
        for reason in by_reason.keys() - self._warned:
            owners = by_reason[reason]
            are = "failed and is skipped" if len(owners) == 1 else "failed and are skipped"
            log.warning("plugin %s %s: %s", " and ".join(map(str, owners)), are, reason)
        self._warned |= by_reason.keys()

    def _named(self, spec: type[SpecT], name: str, registered: Iterable[str]) -> list[Component[SpecT]]:
        return [component for component in self._components(spec, registered) if component.spec.name == name]

    def _components(self, spec: type[SpecT], registered: Iterable[str]) -> list[Component[SpecT]]:
        return [
            Component(one, self._plugins.owners[name])
            for name in registered
            for one in self._plugins.specs(name, spec)
        ]

    def _unknown(self, spec: type[Spec], name: str) -> UnknownName:
        """The error about a name that nobody has; a plugin that failed may be the one that had it."""
        known = sorted({component.spec.name for component in self.components(spec, quiet=True)})
        kind, plugins = spec.kind, self._plugins
        base = name.partition(":")[0]
        hint = near.hint(base, known, kind=kind)
        failed = {owner: f"plugin {owner} failed: {reason}" for owner, reason in plugins.failed.items()}
        disabled = [f"plugin {owner} is disabled by CORPUSKIT_PLUGINS" for owner in plugins.disabled[:1]]
        if len(plugins.disabled) > 1:
            names = ", ".join(owner.plugin for owner in plugins.disabled)
            disabled = [f"plugins disabled by CORPUSKIT_PLUGINS: {names}"]
        owners = [owner for owner in failed if owner.is_called(base)]
        if owners or (failed and hint.startswith("known:")):
            why = "; ".join(failed[owner] for owner in owners or failed)
            message = f"{kind} {name!r} is unknown, and may be of a plugin that failed: {why}"
            return UnavailableName(message, expected=known, found=name, owners=owners)
        notes = [*failed.values(), *disabled]
        message = f"unknown {kind} {name!r}; {hint}" + (f" ({'; '.join(notes)})" if notes else "")
        return UnknownName(message, expected=known, found=name)


@cache
def default() -> Registry:
    """The process's registry; made when it is first asked for."""
    return Registry()


def find(spec: type[SpecT], name: str) -> Component[SpecT]:
    """The component that answers to a name, in the process's registry.

    Args:
        spec: The class of its spec, which says the kind: `SourceSpec`, `TokenizerSpec`, ...
        name: A registered name, or one followed by a colon and an argument for the factory.

    Raises:
        UnknownName: If no loaded plugin has it; the message lists near misses and failed plugins.
        DuplicateName: If two plugins have it.

    Example:
        >>> find(corpuskit.SamplerSpec, "shuffled").owner.distribution
        'corpuskit-core'
    """
    return default().find(spec, name)


def plugin_versions() -> dict[str, str]:
    """The version of each installed plugin, by its distribution; what comes with corpuskit is left out.

    An executor compares them between machines: plugins of other versions may make other parts.
    """
    owners = [plugin.owner for plugin in default().plugins() if not plugin.owner.is_builtin]
    return {owner.distribution: owner.version for owner in owners}


__all__ = ["Registry", "default", "find", "plugin_versions"]
