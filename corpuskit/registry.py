"""The corridor between the rooms: named components, who owns them, and errors that name the owner.

Built-in components are plugins behind the same hooks as everybody else's. They are looked up first, and
asking for a built-in name scans no entry points. Every other plugin is loaded on its own: one that fails
is remembered, reported and skipped, and everything else works.

Environment:
    CORPUSKIT_PLUGINS: Entry-point names to load, separated by commas; empty loads none. Unset loads all.
    CORPUSKIT_STRICT_PLUGINS: "1" raises when a plugin fails to load (for a plugin's own tests).
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import importlib.metadata
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import pluggy

from corpuskit import hookspecs
from corpuskit.errors import DuplicateName, PluginLoadFailed, UnknownName
from corpuskit.specs import (
    CommandSpec,
    ExecutorSpec,
    FormatSpec,
    ReaderSpec,
    SamplerSpec,
    SourceSpec,
    Spec,
    TokenizerSpec,
)

log = logging.getLogger(__name__)

#: Each kind of component, the hook that registers it and the spec that the hook returns.
SPECS: dict[str, type[Spec]] = {
    spec.kind: spec
    for spec in (
        SourceSpec,
        TokenizerSpec,
        SamplerSpec,
        ReaderSpec,
        ExecutorSpec,
        FormatSpec,
        CommandSpec,
    )
}
KINDS: tuple[str, ...] = tuple(SPECS)

#: The modules whose hooks register what comes with corpuskit, in the order of the street.
BUILTIN_MODULES: tuple[str, ...] = (
    "corpuskit.sources.plugin",
    "corpuskit.tokenizers.plugin",
    "corpuskit.tokenizers.tiktoken_plugin",
    "corpuskit.prepare.plugin",
    "corpuskit.samplers.plugin",
    "corpuskit.formats.plugin",
)

_SLOW_IMPORT_S = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Owner:
    """The plugin that a component came from, and the distribution that the plugin came from."""

    plugin: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.plugin} ({self.distribution} {self.version})"


@dataclasses.dataclass(frozen=True, slots=True)
class Component:
    """A registered name: its spec, its owner, and the argument it was asked for with, if any."""

    kind: str
    spec: Spec
    owner: Owner
    argument: str | None = None

    def load(self) -> Any:
        """Import the spec's factory and return it.

        Raises:
            PluginLoadFailed: If the module cannot be imported or has no such attribute.
        """
        module_name, _, attribute = self.spec.factory.partition(":")
        where = f"{self.kind} {self.spec.name!r} of {self.owner}"
        if not (module_name and attribute):
            raise PluginLoadFailed(
                f"{where}: factory {self.spec.factory!r} is not of the form 'package.module:attribute'"
            )
        try:
            found = importlib.import_module(module_name)
            for part in attribute.split("."):
                found = getattr(found, part)
        except Exception as error:
            raise PluginLoadFailed(
                f"{where}: cannot import {self.spec.factory!r}: {_one_line(error)}"
            ) from error
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as `corpuskit plugins` shows it.

    `status` is "ok", "failed" or "disabled"; `error` says why it failed; `provides` maps a kind to the
    names of its components.
    """

    owner: Owner
    status: str
    error: str | None
    provides: dict[str, list[str]]
    builtin: bool


class Registry:
    """Finds components by kind and name.

    Args:
        environ: Where CORPUSKIT_PLUGINS and CORPUSKIT_STRICT_PLUGINS are read.
    """

    def __init__(self, *, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._owners: dict[str, Owner] = {}  # by the name a plugin is registered under, in order
        self._builtin: set[str] = set()
        self._failed: dict[Owner, str] = {}
        self._disabled: list[Owner] = []
        self._specs: dict[tuple[str, str], list[Spec]] = {}  # (registered name, kind) -> its specs
        self._scanned = False
        self._register_builtins()

    def find(self, kind: str, name: str) -> Component:
        """The component that answers to `name`, which may carry an argument: `hf:org/name`.

        Args:
            kind: One of `KINDS`.
            name: A registered name, or one followed by a colon and an argument for the factory.

        Raises:
            UnknownName: If no loaded plugin has it; the message lists near misses and failed plugins.
            DuplicateName: If two plugins have it.
        """
        base, colon, argument = name.partition(":")
        for wanted, rest in ((name, None), (base, argument if colon else None)):
            for registered in (self._builtin_names, self._all_names):
                owned = [c for c in self._components(kind, registered()) if c.spec.name == wanted]
                if len(owned) > 1:
                    raise DuplicateName(
                        f"{kind} {wanted!r} is provided by {' and by '.join(str(c.owner) for c in owned)}; "
                        "uninstall one, or choose with CORPUSKIT_PLUGINS"
                    )
                if owned:
                    return dataclasses.replace(owned[0], argument=rest)
        raise self._unknown(kind, name)

    def components(self, kind: str) -> list[Component]:
        """Every component of a kind, built-ins first, then by name."""
        found = self._components(kind, self._all_names())
        return sorted(found, key=lambda c: (c.owner.distribution != "corpuskit", c.spec.name))

    def plugins(self) -> list[PluginInfo]:
        """Every plugin that is installed or built in, whether it works or not."""
        provides = {
            registered: {kind: [s.name for s in self._specs_of(registered, kind)] for kind in KINDS}
            for registered in self._all_names()
        }
        infos = [
            PluginInfo(
                owner,
                "failed" if owner in self._failed else "ok",
                self._failed.get(owner),
                {kind: names for kind, names in provides[registered].items() if names},
                registered in self._builtin,
            )
            for registered, owner in self._owners.items()
        ]
        never_registered = [owner for owner in self._failed if owner not in set(self._owners.values())]
        infos += [PluginInfo(owner, "failed", self._failed[owner], {}, False) for owner in never_registered]
        infos += [PluginInfo(owner, "disabled", None, {}, False) for owner in self._disabled]
        return infos

    def _register_builtins(self) -> None:
        from corpuskit import __version__

        for module_name in BUILTIN_MODULES:
            name = module_name.removeprefix("corpuskit.").replace(".plugin", "").replace("_plugin", "")
            self._builtin.add(module_name)
            self._owners[module_name] = Owner(name, "corpuskit", __version__)
            self._manager.register(importlib.import_module(module_name), name=module_name)

    def _builtin_names(self) -> list[str]:
        return [name for name in self._owners if name in self._builtin]

    def _all_names(self) -> list[str]:
        if not self._scanned:
            self._scanned = True
            self._load_entry_points()
        return list(self._owners)

    def _load_entry_points(self) -> None:
        selected = self._environ.get("CORPUSKIT_PLUGINS")
        wanted = None if selected is None else {name.strip() for name in selected.split(",")}
        by_name: dict[str, list[tuple[Owner, importlib.metadata.EntryPoint]]] = {}
        for owner, entry_point in _entry_points():
            if wanted is not None and owner.plugin not in wanted:
                self._disabled.append(owner)
            else:
                by_name.setdefault(owner.plugin, []).append((owner, entry_point))
        for name, claims in sorted(by_name.items()):
            if len(claims) > 1:
                owners = " and by ".join(str(owner) for owner, _ in claims)
                for owner, _ in claims:
                    self._fail(owner, DuplicateName(f"plugin {name!r} is provided by {owners}"))
            else:
                self._load(*claims[0])

    def _load(self, owner: Owner, entry_point: importlib.metadata.EntryPoint) -> None:
        registered = f"{owner.distribution}:{owner.plugin}"
        started = time.monotonic()
        try:
            self._manager.register(entry_point.load(), name=registered)
            self._manager.check_pending()  # a misspelled hook registers in silence otherwise
        except (Exception, SystemExit) as error:
            if self._manager.has_plugin(registered):
                self._manager.unregister(name=registered)
            self._fail(owner, error)
            return
        self._owners[registered] = owner
        elapsed_s = time.monotonic() - started
        if elapsed_s > _SLOW_IMPORT_S:
            log.warning(
                "plugin %s took %.1f s to import; its specs should name factories, not import them",
                owner,
                elapsed_s,
            )

    def _fail(self, owner: Owner, error: BaseException) -> None:
        reason = _one_line(error)
        if self._environ.get("CORPUSKIT_STRICT_PLUGINS") == "1":
            raise PluginLoadFailed(f"plugin {owner}: {reason}") from error
        self._failed[owner] = reason
        log.warning("plugin %s failed and is skipped: %s", owner, reason)

    def _components(self, kind: str, registered: Iterable[str]) -> list[Component]:
        return [
            Component(kind, spec, self._owners[name])
            for name in registered
            for spec in self._specs_of(name, kind)
        ]

    def _specs_of(self, registered: str, kind: str) -> list[Spec]:
        """What one plugin's hook returns, called once; a hook that fails loses its plugin only."""
        if (registered, kind) not in self._specs:
            self._specs[registered, kind] = []
            try:
                self._specs[registered, kind] = self._call_hook(registered, kind)
            except (Exception, SystemExit) as error:
                self._fail(self._owners[registered], error)
        return self._specs[registered, kind]

    def _call_hook(self, registered: str, kind: str) -> list[Spec]:
        hook_name = f"corpuskit_{kind}s"
        specs: list[Spec] = []
        for implementation in getattr(self._manager.hook, hook_name).get_hookimpls():
            if implementation.plugin_name != registered:
                continue
            returned = implementation.function()
            if not isinstance(returned, Sequence) or not all(isinstance(s, SPECS[kind]) for s in returned):
                raise TypeError(
                    f"{hook_name} must return a list of {SPECS[kind].__name__}, found {returned!r:.80}"
                )
            specs.extend(returned)
        return specs

    def _unknown(self, kind: str, name: str) -> UnknownName:
        known = sorted({c.spec.name for c in self.components(kind)})
        close = difflib.get_close_matches(name.partition(":")[0], known, n=3)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"known: {', '.join(known)}"
        failed = "; ".join(f"plugin {owner} failed: {reason}" for owner, reason in self._failed.items())
        message = f"unknown {kind} {name!r}; {hint}" + (f" ({failed})" if failed else "")
        return UnknownName(message, expected=known, found=name)


@cache
def default() -> Registry:
    """The process's registry; made when it is first asked for."""
    return Registry()


def _entry_points() -> list[tuple[Owner, importlib.metadata.EntryPoint]]:
    """Installed entry points with their owners; a distribution seen twice on sys.path counts once."""
    found: dict[tuple[str, str, str], tuple[Owner, importlib.metadata.EntryPoint]] = {}
    for entry_point in importlib.metadata.entry_points(group=hookspecs.PROJECT):
        distribution = entry_point.dist
        name = distribution.name if distribution else "unknown"
        version = distribution.version if distribution else "?"
        found.setdefault(
            (name.lower(), entry_point.name, entry_point.value),
            (Owner(entry_point.name, name, version), entry_point),
        )
    return list(found.values())


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {text}"


__all__ = ["KINDS", "Component", "Owner", "PluginInfo", "Registry", "default"]
