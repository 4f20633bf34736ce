"""Loading plugins, each on its own: one that fails is remembered, and everything else works.

What a plugin prints while it is imported goes to stderr, because stdout is for data.

Environment:
    CORPUSKIT_PLUGINS: Entry-point names to load, separated by commas; `distribution:name` tells two of one
        name apart. Empty loads none. Unset loads all.
    CORPUSKIT_STRICT_PLUGINS: "1" raises when a plugin fails to load (for a plugin's own tests).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import time
from collections.abc import Mapping, Sequence
from typing import cast

import pluggy

from corpuskit.errors import DuplicateName, PluginLoadFailed
from corpuskit.registry import discovery, hookspecs
from corpuskit.registry.checks import check_marked, check_specs, hook_name, one_line
from corpuskit.registry.component import SpecT, let_signals_pass, stdout_to_stderr
from corpuskit.registry.discovery import Owner
from corpuskit.registry.distribution import NAME as DISTRIBUTION
from corpuskit.registry.specs import Spec

log = logging.getLogger(__name__)

#: The modules whose hooks register what comes with corpuskit, in the order of the street.
BUILTIN_MODULES: tuple[str, ...] = (
    "corpuskit.stores.plugin",
    "corpuskit.sources.plugin",
    "corpuskit.tokenizers.plugin",
    "corpuskit.tokenizers.tiktoken_plugin",
    "corpuskit.chat.plugin",
    "corpuskit.preparation.executors.plugin",
    "corpuskit.samplers.plugin",
    "corpuskit.formats.plugin",
)

_SLOW_IMPORT_S = 1.0


class Plugins:
    """The plugins that are built in or installed, and what each of them registers.

    A plugin has a registered name: the module of a built-in one, else "distribution:plugin".

    Args:
        environ: Where CORPUSKIT_PLUGINS and CORPUSKIT_STRICT_PLUGINS are read.

    Attributes:
        owners: The owner of each plugin that was loaded, by its registered name, in order.
        failed: Why each plugin failed that did, as one line.
        disabled: The plugins that CORPUSKIT_PLUGINS leaves out.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self.owners: dict[str, Owner] = {}
        self.failed: dict[Owner, str] = {}
        self.disabled: list[Owner] = []
        self._specs: dict[tuple[str, type[Spec]], Sequence[Spec]] = {}
        self._scanned = False
        self._register_builtins()

    def all_names(self) -> list[str]:
        """The registered names of all plugins that work, which are loaded if they have not been yet.

        Raises:
            PluginLoadFailed: If one fails and CORPUSKIT_STRICT_PLUGINS is set.
        """
        if not self._scanned:
            self._scanned = True  # at once: a plugin that comes back here while it is loaded must not loop
            try:
                self._load_entry_points()
            except BaseException:
                self._scanned = False  # strict mode, or Ctrl-C: the next call goes on with what is left
                raise
        return list(self.owners)

    def specs(self, registered: str, expected: type[SpecT]) -> Sequence[SpecT]:
        """What one plugin registers of a kind; its hook is called once.

        Args:
            registered: The plugin's registered name.
            expected: The class of the kind's specs.
        """
        key = registered, expected
        if key not in self._specs:
            self._specs[key] = ()  # what a hook finds of itself when it asks the registry for a name
            try:
                self._specs[key] = self._ask(registered, expected)
            except BaseException:
                del self._specs[key]
                raise
        return cast("Sequence[SpecT]", self._specs[key])

    def _register_builtins(self) -> None:
        from corpuskit.version import __version__

        for module_name in BUILTIN_MODULES:
            name = module_name.removeprefix("corpuskit.").replace(".plugin", "").replace("_plugin", "")
            self.owners[module_name] = Owner(name, DISTRIBUTION, __version__)
            self._manager.register(importlib.import_module(module_name), name=module_name)

    def _load_entry_points(self) -> None:
        selected = self._environ.get("CORPUSKIT_PLUGINS")
        wanted = None if selected is None else {name.strip() for name in selected.split(",")} - {""}
        self.disabled = []
        claims: dict[str, list[tuple[Owner, importlib.metadata.EntryPoint]]] = {}
        unused = set(wanted or ())
        for found in discovery.installed():
            names = {found.owner.plugin, found.owner.qualified_name}
            unused -= names
            if wanted is not None and not names & wanted:
                self.disabled.append(found.owner)
            elif found.entry_point is not None:
                claims.setdefault(found.owner.plugin, []).append((found.owner, found.entry_point))
            elif found.error is not None:
                self._fail(found.owner, found.error)
        for name in sorted(unused):
            log.warning("CORPUSKIT_PLUGINS names the plugin %r, which is not installed", name)
        for _, claimed in sorted(claims.items()):
            if len(claimed) > 1:
                self._fail_all([owner for owner, _ in claimed])
            elif claimed[0][0].qualified_name not in self.owners:
                self._load(*claimed[0])

    def _load(self, owner: Owner, entry_point: importlib.metadata.EntryPoint) -> None:
        registered = owner.qualified_name
        started = time.monotonic()
        try:
            with stdout_to_stderr():
                plugin = entry_point.load()
            self._manager.register(plugin, name=registered)
            self._manager.check_pending()  # a misspelled hook registers in silence otherwise
            check_marked(plugin)
        except (Exception, SystemExit) as error:
            let_signals_pass(error)
            if self._manager.has_plugin(registered):
                self._manager.unregister(name=registered)
            self._fail(owner, error)
            return
        self.owners[registered] = owner
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
        before = f"{self.failed[owner]}; " if owner in self.failed else ""
        self.failed[owner] = before + reason
        log.debug("plugin %s failed and is skipped: %s", owner, reason)

    def _fail_all(self, owners: Sequence[Owner]) -> None:
        """Plugins of one name: none of them is loaded, because nobody said which one is meant."""
        message = (
            f"plugin {owners[0].plugin!r} is provided by {' and by '.join(map(str, owners))}; uninstall "
            f"one, or choose with CORPUSKIT_PLUGINS={owners[0].qualified_name}"
        )
        for owner in owners:
            self._fail(owner, DuplicateName(message, found=owners))

    def _ask(self, registered: str, expected: type[Spec]) -> Sequence[Spec]:
        """What one plugin's hook returns, checked; a hook that fails gives nothing."""
        hook = hook_name(expected.kind)
        try:
            with stdout_to_stderr():
                specs = self._call_hook(registered, hook)
            check_specs(specs, expected)
        except (Exception, SystemExit) as error:
            let_signals_pass(error)
            self._fail(self.owners[registered], error, where=f"{hook}(): ")
            return ()
        return tuple(specs)

    def _call_hook(self, registered: str, hook_name: str) -> Sequence[Spec]:
        """What one plugin's hook returns; calling it through pluggy would mix all plugins' answers."""
        for implementation in getattr(self._manager.hook, hook_name).get_hookimpls():
            if implementation.plugin_name == registered:
                returned: Sequence[Spec] = implementation.function()
                return returned
        return []


__all__ = ["BUILTIN_MODULES", "Plugins"]
