"""The conformance suites against an installed plugin: `corpuskit plugins check`.

Each component is checked by pytest in a process of its own, so that one that hangs, exits or crashes is a
line in the report. What users or their projects tell pytest elsewhere does not matter here.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from corpuskit.cache import scratch_folder
from corpuskit.errors import ConfigError, UnknownName
from corpuskit.near import hint
from corpuskit.registry import Component, PluginInfo, default
from corpuskit.registry.checks import KINDS, SPECS
from corpuskit.registry.specs import SourceSpec
from corpuskit.testing.reporting import MAKING, REPORT

#: A component that needs longer hangs; the slowest built-in one takes about twenty seconds.
_TIMEOUT_S = 600.0

_RUN = "import sys\n\nimport pytest\n\nsys.exit(pytest.main(sys.argv[1:]))\n"
_MODULE = """\
from corpuskit.testing.conformance import conformance_tests

TestMaking, TestSuite = conformance_tests(
    {kind!r}, {name!r}, owner={owner!r}, argument={argument!r}, without={without!r}
)
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """A check that failed, and why in one line."""

    check: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """What was found about one component, or about the plugin itself (kind "plugin").

    Args:
        kind: The component's kind.
        name: Its name, with its argument after a colon.
        num_passed: Checks that passed.
        failures: Those that failed.
        skipped: Why nothing was checked; empty where something was.
    """

    kind: str
    name: str
    num_passed: int = 0
    failures: tuple[Failure, ...] = ()
    skipped: str = ""

    @property
    def status(self) -> str:
        """One of "failed", "skipped" and "ok"."""
        return "failed" if self.failures else "skipped" if self.skipped else "ok"


def find_plugins(package: str) -> list[PluginInfo]:
    """The plugins of an installed distribution; a plugin's own name is good too.

    Raises:
        UnknownName: If there is none.
        ConfigError: If CORPUSKIT_PLUGINS leaves it out.
    """
    plugins = default().plugins()
    found = [
        plugin
        for plugin in plugins
        if _normal(plugin.owner.distribution) == _normal(package) or plugin.owner.plugin == package
    ]
    if not found:
        known = sorted({plugin.owner.distribution for plugin in plugins})
        raise UnknownName(
            f"no plugin {package!r} is installed; {hint(package, known, most=1)}",
            expected=known,
            found=package,
        )
    if all(plugin.status == "disabled" for plugin in found):
        raise ConfigError(
            f"plugin {found[0].owner} is disabled by CORPUSKIT_PLUGINS; add it there or unset it"
        )
    return found


def check_plugins(
    plugins: Sequence[PluginInfo],
    *,
    arguments: Sequence[str] = (),
    without: Collection[str] = (),
    on_checked: Callable[[Checked], None] = lambda checked: None,
) -> list[Checked]:
    """Run the suites against every component of some plugins.

    Args:
        plugins: What `find_plugins` found.
        arguments: "name:argument" for components that need one, or "kind:name:argument" where a source and
            a tokenizer have the same name; one may be given several.
        without: What the components do not promise, by the suites' attributes, such as "lossless".
        on_checked: Called with each result as it comes.

    Raises:
        ConfigError: If an argument is for none of the components, or for two.
    """
    owners = {plugin.owner for plugin in plugins}
    components = [
        found for spec in SPECS.values() for found in default().components(spec) if found.owner in owners
    ]
    chosen = _with_arguments(components, arguments)
    results: list[Checked] = []
    for checked in (*map(_check_registration, plugins), *_check_components(chosen, without)):
        if checked is not None:
            results.append(checked)
            on_checked(checked)
    return results


def _check_registration(plugin: PluginInfo) -> Checked | None:
    """What is wrong with a plugin before any of its components is made."""
    failures = [Failure("name", conflict) for conflict in plugin.conflicts]
    if plugin.error is not None:
        failures.insert(0, Failure("import", plugin.error))
    elif not plugin.provides:
        failures.append(Failure("hooks", "it provides nothing; has it a hook that returns specs?"))
    return Checked("plugin", plugin.owner.plugin, failures=tuple(failures)) if failures else None


def _check_components(components: Sequence[Component[Any]], without: Collection[str]) -> Iterator[Checked]:
    for component in components:
        spec = component.spec
        if isinstance(spec, SourceSpec) and not spec.factory:
            yield Checked(component.kind, spec.name, skipped="it is files at URLs, without code to check")
        else:
            yield _check_component(component, without)


def _check_component(component: Component[Any], without: Collection[str]) -> Checked:
    """Run pytest on one component, and read what it reports."""
    spec, argument = component.spec, component.argument
    name = spec.name if argument is None else f"{spec.name}:{argument}"
    with scratch_folder("check") as folder:
        (folder / "run.py").write_text(_RUN)
        (folder / "pytest.ini").write_text("[pytest]\n")
        text = _MODULE.format(
            kind=component.kind,
            name=spec.name,
            owner=component.owner.distribution,
            argument=argument,
            without=tuple(without),
        )
        (folder / "test_conformance.py").write_text(text, encoding="utf-8")
        ended = _run_pytest(folder)
        report = folder / REPORT
        lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    return _read_report(component.kind, name, [json.loads(line) for line in lines], ended)


def _run_pytest(folder: Path) -> str:
    """Run it in the current folder, where relative arguments lead; returns how it ended if not in peace."""
    command = [sys.executable, str(folder / "run.py"), str(folder / "test_conformance.py"), "-q"]
    command += ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder), "--basetemp", str(folder / "tmp")]
    command += ["-p", "no:cacheprovider", "-p", "corpuskit.testing.reporting", "--import-mode=importlib"]
    theirs = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
    environ = {
        "CORPUSKIT_OFFLINE": "1",  # a check must not download a corpus; 0 in the environment allows it
        **{name: value for name, value in os.environ.items() if name not in theirs},
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own files
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {_TIMEOUT_S:,.0f} s"
    if done.returncode in (0, 1, 2, 5):  # passed, failed, stopped, nothing to run: the report has it
        return ""
    if done.returncode < 0:
        return f"the interpreter died of {signal.Signals(-done.returncode).name}"
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return f"the interpreter ended with status {done.returncode}" + (f": {said[-1]}" if said else "")


def _read_report(kind: str, name: str, lines: Sequence[dict[str, str]], ended: str) -> Checked:
    outcomes: dict[str, dict[str, str]] = {}
    for line in lines:
        before = outcomes.get(line["check"])
        if before is None or before["outcome"] != "failed":  # a failure stands, whatever its teardown does
            outcomes[line["check"]] = line
    making = outcomes.get(MAKING)
    if making is not None and making["outcome"] == "skipped":
        return Checked(kind, name, skipped=making["reason"])
    failures = [
        Failure(check, line["reason"] or ended or "the interpreter ended within it")
        for check, line in outcomes.items()
        if line["outcome"] in ("failed", "started")
    ]
    if not failures and (ended or MAKING not in outcomes):
        failures.append(Failure("run", ended or "pytest ran no check"))
    num_passed = sum(line["outcome"] == "passed" for line in outcomes.values())
    return Checked(kind, name, num_passed, tuple(failures))


def _with_arguments(components: Sequence[Component[Any]], arguments: Sequence[str]) -> list[Component[Any]]:
    """The components, those that are given arguments once for each."""
    given: dict[tuple[str, str], list[str]] = {}
    for text in arguments:
        kind, _, rest = text.partition(":")
        kinds = (kind,) if kind in KINDS else ("source", "tokenizer")
        name, _, argument = (rest if kind in KINDS else text).partition(":")
        found = [one.kind for one in components if one.spec.name == name and one.kind in kinds]
        if not found or not argument:
            known = [f"{one.kind} {one.spec.name!r}" for one in components]
            raise ConfigError(
                f"--argument {text}: expected NAME:ARGUMENT for one of {', '.join(known) or 'no components'}"
            )
        if len(found) > 1:
            raise ConfigError(
                f"--argument {text}: {name!r} is a source and a tokenizer; "
                f"say tokenizer:{text} or source:{text}"
            )
        given.setdefault((found[0], name), []).append(argument)
    return [
        dataclasses.replace(component, argument=argument)
        for component in components
        for argument in given.get((component.kind, component.spec.name), [None])
    ]


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


__all__ = ["Checked", "Failure", "check_plugins", "find_plugins"]
