"""The corridor between the rooms: named components, who owns them, and errors that name the owner.

Built-in components are plugins behind the same hooks as everybody else's. They are looked up first, and
asking for a built-in name scans no entry points. Every other plugin is loaded on its own: one that fails
is remembered, reported and skipped, and everything else works. What a plugin prints while it is imported
goes to stderr, because stdout is for data.

Environment:
    CORPUSKIT_PLUGINS: Entry-point names to load, separated by commas; `distribution:name` tells two of one
        name apart. Empty loads none. Unset loads all.
    CORPUSKIT_STRICT_PLUGINS: "1" raises when a plugin fails to load (for a plugin's own tests).
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.metadata
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pluggy

from corpuskit import near
from corpuskit.errors import DuplicateName, PluginLoadFailed, UnavailableName, UnknownName
from corpuskit.registry import discovery, hookspecs
from corpuskit.registry.blame import blame
from corpuskit.registry.checks import KINDS, SPECS, check_marked, check_specs, hook_name, one_line
from corpuskit.registry.discovery import Owner
from corpuskit.registry.distribution import NAME as DISTRIBUTION
from corpuskit.registry.specs import Spec

log = logging.getLogger(__name__)


#: The modules whose hooks register what comes with corpuskit, in the order of the street.
BUILTIN_MODULES: tuple[str, ...] = (
    "corpuskit.sources.plugin",
    "corpuskit.tokenizers.plugin",
    "corpuskit.tokenizers.tiktoken_plugin",
    "corpuskit.preparation.executors.plugin",
    "corpuskit.samplers.plugin",
    "corpuskit.formats.plugin",
)

_SLOW_IMPORT_S = 1.0


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
        where = f"{self.what} of {self.owner}"
        if not (module_name and attribute):
            raise PluginLoadFailed(
                f"{where}: factory {self.spec.factory!r} is not of the form 'package.module:attribute'"
            )
        try:
            with _stdout_to_stderr():
                found = importlib.import_module(module_name)
            for part in attribute.split("."):
                found = getattr(found, part)
        except (Exception, SystemExit) as error:
            _let_signals_pass(error)
            raise PluginLoadFailed(
                f"{where}: cannot import {self.spec.factory!r}: {one_line(error)}"
            ) from error
        return found

    @property
    def what(self) -> str:
        """What to call it in messages: "source 'books'"."""
        return f"{self.kind} {self.spec.name!r}"

    def make(self, *arguments: Any, **named: Any) -> Any:
        """Load the factory and call it.

        Raises:
            PluginError: If the factory raises what it should not.
        """
        factory = self.load()
        with blame(self.what, self.owner, lambda: self.spec.factory):
            return factory(*arguments, **named)


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
    builtin: bool
    conflicts: tuple[str, ...] = ()


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
        self._warned: set[str] = set()  # reasons
        self._disabled: list[Owner] = []
        self._specs: dict[tuple[str, str], list[Spec]] = {}  # (registered name, kind) -> its specs
        self._scanned = False
        self._lock = threading.RLock()  # a plugin may ask the registry for a name while it is loaded
        self._register_builtins()

    def find(self, kind: str, name: str) -> Component:
        """The component that answers to `name`, which may carry an argument: `hf:org/name`.

        Args:
            kind: One of `KINDS`.
            name: A registered name, or one followed by a colon and an argument for the factory.

        Raises:
            UnknownName: If no loaded plugin has it; the message lists near misses and failed plugins.
            UnavailableName: If it may be the name of a plugin that failed.
            DuplicateName: If two plugins have it.
        """
        base, colon, argument = name.partition(":")
        spellings = [(name, None), (base, argument)] if colon else [(name, None)]
        with self._lock:
            for registered in self._builtin_names():
                # One module at a time: asking for `bytes` must not import tiktoken to list its encodings.
                for wanted, rest in spellings:
                    for component in self._named(kind, wanted, [registered]):
                        return dataclasses.replace(component, argument=rest)
            for wanted, rest in spellings:
                owned = self._named(kind, wanted, self._all_names())
                if len(owned) > 1:
                    owners = " and by ".join(str(component.owner) for component in owned)
                    raise DuplicateName(
                        f"{kind} {wanted!r} is provided by {owners}; uninstall one, or choose with "
                        "CORPUSKIT_PLUGINS",
                        found=[component.owner for component in owned],
                    )
                if owned:
                    return dataclasses.replace(owned[0], argument=rest)
            raise self._unknown(kind, name)

    def components(self, kind: str, *, quiet: bool = False) -> list[Component]:
        """Every component of a kind, built-ins first, then by name.

        Args:
            kind: One of `KINDS`.
            quiet: Whether to say nothing of plugins that failed: where the list is not for a person.
        """
        with self._lock:
            found = self._components(kind, self._all_names())
            builtin = {self._owners[registered] for registered in self._builtin}
            if not quiet:
                self.warn_of_failed()
        return sorted(found, key=lambda c: (c.owner not in builtin, c.spec.name, str(c.owner)))

    def plugins(self) -> list[PluginInfo]:
        """Every plugin that is installed or built in, whether it works or not."""
        with self._lock:
            owned = [component for kind in KINDS for component in self._components(kind, self._all_names())]
            infos = [
                PluginInfo(
                    owner,
                    "failed" if owner in self._failed else "ok",
                    self._failed.get(owner),
                    _names_by_kind(component for component in owned if component.owner == owner),
                    registered in self._builtin,
                    _conflicts(owner, owned),
                )
                for registered, owner in self._owners.items()
            ]
            registered_owners = set(self._owners.values())
            infos += [
                PluginInfo(owner, "failed", reason, {}, False)
                for owner, reason in self._failed.items()
                if owner not in registered_owners
            ]
            infos += [PluginInfo(owner, "disabled", None, {}, False) for owner in self._disabled]
            return infos

    def _register_builtins(self) -> None:
        from corpuskit.version import __version__

        for module_name in BUILTIN_MODULES:
            name = module_name.removeprefix("corpuskit.").replace(".plugin", "").replace("_plugin", "")
            self._builtin.add(module_name)
            self._owners[module_name] = Owner(name, DISTRIBUTION, __version__)
            self._manager.register(importlib.import_module(module_name), name=module_name)

    def _builtin_names(self) -> list[str]:
        return [name for name in self._owners if name in self._builtin]

    def _all_names(self) -> list[str]:
        if not self._scanned:
            self._scanned = True  # at once: a plugin that comes back here while it is loaded must not loop
            try:
                self._load_entry_points()
            except BaseException:
                self._scanned = False  # strict mode, or Ctrl-C: the next call goes on with what is left
                raise
        return list(self._owners)

    def _load_entry_points(self) -> None:
        selected = self._environ.get("CORPUSKIT_PLUGINS")
        wanted = None if selected is None else {name.strip() for name in selected.split(",")} - {""}
        self._disabled = []
        claims: dict[str, list[tuple[Owner, importlib.metadata.EntryPoint]]] = {}
        unused = set(wanted or ())
        for found in discovery.installed():
            names = {found.owner.plugin, found.owner.qualified_name}
            unused -= names
            if wanted is not None and not names & wanted:
                self._disabled.append(found.owner)
            elif found.entry_point is not None:
                claims.setdefault(found.owner.plugin, []).append((found.owner, found.entry_point))
            elif found.error is not None:
                self._fail(found.owner, found.error)
        for name in sorted(unused):
            log.warning("CORPUSKIT_PLUGINS names the plugin %r, which is not installed", name)
        for _, claimed in sorted(claims.items()):
            if len(claimed) > 1:
                self._fail_all([owner for owner, _ in claimed])
            elif claimed[0][0].qualified_name not in self._owners:
                self._load(*claimed[0])

    def _load(self, owner: Owner, entry_point: importlib.metadata.EntryPoint) -> None:
        registered = owner.qualified_name
        started = time.monotonic()
        try:
            with _stdout_to_stderr():
                plugin = entry_point.load()
            self._manager.register(plugin, name=registered)
            self._manager.check_pending()  # a misspelled hook registers in silence otherwise
            check_marked(plugin)
        except (Exception, SystemExit) as error:
            _let_signals_pass(error)
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

    def _fail(self, owner: Owner, error: BaseException, *, where: str = "") -> None:
        reason = where + one_line(error)
        if self._environ.get("CORPUSKIT_STRICT_PLUGINS") == "1":
            raise PluginLoadFailed(f"plugin {owner}: {reason}") from error
        before = f"{self._failed[owner]}; " if owner in self._failed else ""
        self._failed[owner] = before + reason
        log.debug("plugin %s failed and is skipped: %s", owner, reason)

    def warn_of_failed(self) -> None:
        """Warn of the plugins that failed, each reason once: for whoever asks what there is."""
        by_reason: dict[str, list[Owner]] = {}
        for owner, reason in self._failed.items():
            by_reason.setdefault(reason, []).append(owner)
        for reason in by_reason.keys() - self._warned:
            owners = by_reason[reason]
            are = "failed and is skipped" if len(owners) == 1 else "failed and are skipped"
            log.warning("plugin %s %s: %s", " and ".join(map(str, owners)), are, reason)
        self._warned |= by_reason.keys()

    def _fail_all(self, owners: Sequence[Owner]) -> None:
        """Plugins of one name: none of them is loaded, because nobody said which one is meant."""
        message = (
            f"plugin {owners[0].plugin!r} is provided by {' and by '.join(map(str, owners))}; uninstall "
            f"one, or choose with CORPUSKIT_PLUGINS={owners[0].qualified_name}"
        )
        for owner in owners:
            self._fail(owner, DuplicateName(message, found=owners))

    def _named(self, kind: str, name: str, registered: Iterable[str]) -> list[Component]:
        return [component for component in self._components(kind, registered) if component.spec.name == name]

    def _components(self, kind: str, registered: Iterable[str]) -> list[Component]:
        return [
            Component(kind, spec, self._owners[name])
            for name in registered
            for spec in self._specs_of(name, kind)
        ]

    def _specs_of(self, registered: str, kind: str) -> list[Spec]:
        """What one plugin gives of a kind; its hook is called once."""
        key = registered, kind
        if key not in self._specs:
            self._specs[key] = []  # what a hook finds of itself when it asks the registry for a name
            try:
                self._specs[key] = self._ask(registered, kind)
            except BaseException:
                del self._specs[key]
                raise
        return self._specs[key]

    def _ask(self, registered: str, kind: str) -> list[Spec]:
        """What one plugin's hook returns, checked; a hook that fails gives nothing."""
        hook = hook_name(kind)
        try:
            with _stdout_to_stderr():
                specs = self._call_hook(registered, hook)
            check_specs(specs, SPECS[kind])
        except (Exception, SystemExit) as error:
            _let_signals_pass(error)
            self._fail(self._owners[registered], error, where=f"{hook}(): ")
            return []
        return list(specs)

    def _call_hook(self, registered: str, hook_name: str) -> Sequence[Spec]:
        """What one plugin's hook returns; calling it through pluggy would mix all plugins' answers."""
        for implementation in getattr(self._manager.hook, hook_name).get_hookimpls():
            if implementation.plugin_name == registered:
                returned: Sequence[Spec] = implementation.function()
                return returned
        return []

    def _unknown(self, kind: str, name: str) -> UnknownName:
        """The error about a name that nobody has; a plugin that failed may be the one that had it."""
        known = sorted({component.spec.name for component in self.components(kind, quiet=True)})
        base = name.partition(":")[0]
        hint = near.hint(base, known, kind=kind)
        failed = {owner: f"plugin {owner} failed: {reason}" for owner, reason in self._failed.items()}
        disabled = [f"plugin {owner} is disabled by CORPUSKIT_PLUGINS" for owner in self._disabled[:1]]
        if len(self._disabled) > 1:
            names = ", ".join(owner.plugin for owner in self._disabled)
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


def _names_by_kind(components: Iterable[Component]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for component in components:
        names.setdefault(component.kind, []).append(component.spec.name)
    return names


def _conflicts(owner: Owner, components: Sequence[Component]) -> tuple[str, ...]:
    """One line for each of an owner's names that somebody else has too."""
    mine = {(component.kind, component.spec.name) for component in components if component.owner == owner}
    return tuple(
        f"{other.kind} {other.spec.name!r} is also provided by {other.owner}"
        for other in components
        if other.owner != owner and (other.kind, other.spec.name) in mine
    )


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _let_signals_pass(error: BaseException) -> None:
    """Raise the SystemExit of a signal's handler again; that of a plugin is the plugin's error."""
    handlers = map(signal.getsignal, signal.valid_signals())
    codes = {getattr(getattr(handler, "__func__", handler), "__code__", None) for handler in handlers}
    if isinstance(error, SystemExit) and any(
        frame.f_code in codes for frame, _ in traceback.walk_tb(error.__traceback__)
    ):
        raise error


__all__ = ["KINDS", "Component", "Owner", "PluginInfo", "Registry", "default"]
