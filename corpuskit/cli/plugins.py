"""corpuskit plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli import complete
from corpuskit.cli.help import Group
from corpuskit.cli.options import json_option, option
from corpuskit.errors import ConfigError, PluginError
from corpuskit.terminal.text import safe

if TYPE_CHECKING:
    from corpuskit.registry import PluginInfo
    from corpuskit.testing.check import Checked


@click.group(
    "plugins",
    cls=Group,
    invoke_without_command=True,
    examples=("corpuskit plugins", "corpuskit plugins check corpuskit-books"),
)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List plugins: what each provides, and why one failed."""
    from corpuskit.cli import render
    from corpuskit.registry import default

    if context.invoked_subcommand is not None:
        return
    plugins = default().plugins()
    if as_json:
        render.print_json([_as_json(plugin) for plugin in plugins])
    else:
        _print(plugins)
    for line in _without_factory():
        click.echo(f"corpuskit: {line}", err=True)


@command.command(
    "check",
    examples=(
        "corpuskit plugins check corpuskit-books",
        "corpuskit plugins check corpuskit-sentencepiece --argument sp:my.model",
    ),
)
@click.argument("package", shell_complete=complete.of_plugins)
@option(
    "--argument",
    "arguments",
    multiple=True,
    metavar="NAME:ARGUMENT",
    help="Give a component what it needs after its name; may be repeated. KIND:NAME:ARGUMENT tells two of "
    "one name apart.",
)
@option(
    "--without",
    multiple=True,
    type=click.Choice(["distinct", "lossless", "piecewise", "seeded", "tools", "wide"]),
    help="Leave out the checks of what the components do not promise; may be repeated. By default all is "
    "checked.",
)
@json_option
@click.pass_context
def check(
    context: click.Context, package: str, arguments: tuple[str, ...], without: tuple[str, ...], as_json: bool
) -> None:
    """Run the conformance suites against an installed plugin.

    PACKAGE is a distribution or a plugin. Prints one line for each component and one for each check that
    fails, and exits with 6 if any does. Nothing is downloaded unless CORPUSKIT_OFFLINE=0 allows it.
    """
    _require_pytest()
    from corpuskit.cli import render
    from corpuskit.testing.check import check_plugins, find_plugins

    assert context.parent is not None
    as_json = as_json or context.parent.params["as_json"]  # `plugins --json check` means the same
    plugins = find_plugins(package)
    results = check_plugins(
        plugins,
        arguments=arguments,
        without=without,
        on_checked=(lambda checked: None) if as_json else _print_checked,
    )
    owner = plugins[0].owner
    num_failures = sum(len(checked.failures) for checked in results)
    if as_json:
        render.print_json(
            {
                "distribution": owner.distribution,
                "version": owner.version,
                "ok": not num_failures,
                "components": [_checked_as_json(checked) for checked in results],
            }
        )
    if num_failures:
        checks = "check fails" if num_failures == 1 else "checks fail"
        raise PluginError(f"{owner.distribution} {owner.version}: {num_failures} {checks}")


def _without_factory() -> list[str]:
    """A line for each component of a plugin whose factory's module is not there; none is imported for it."""
    import importlib.util

    from corpuskit.registry import default
    from corpuskit.registry.checks import SPECS
    from corpuskit.registry.distribution import NAME

    lines = []
    for component in (one for spec in SPECS.values() for one in default().components(spec, quiet=True)):
        module = component.spec.factory.partition(":")[0]
        if component.owner.distribution == NAME or not module:
            continue
        try:
            is_there = importlib.util.find_spec(module) is not None
        except (ImportError, ValueError):
            is_there = False
        if not is_there:
            lines.append(
                f"{component.what} of {component.owner} will not work: there is no module {module!r}"
            )
    return lines


def _require_pytest() -> None:
    import importlib.util

    missing = [name for name in ("pytest", "hypothesis") if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"checking plugins needs {' and '.join(missing)}; run: pip install {' '.join(missing)}",
            found=missing,
        )


def _checked_as_json(checked: Checked) -> dict[str, Any]:
    return {
        "kind": checked.kind,
        "name": checked.name,
        "status": checked.status,
        "passed": checked.num_passed,
        "skipped": checked.skipped or None,
        "failures": [{"check": failure.check, "reason": failure.reason} for failure in checked.failures],
    }


def _print_checked(checked: Checked) -> None:

    where = f"{checked.kind} {checked.name}"
    if checked.status == "skipped":
        lines = [f"{where}: skipped, {checked.skipped}"]
    elif checked.status == "ok":
        lines = [f"{where}: ok, {checked.num_passed} check{'s'[: checked.num_passed > 1]}"]
    else:
        lines = [f"{where}: {failure.check}: {failure.reason}" for failure in checked.failures]
    for line in lines:
        click.echo(safe(line))


def _as_json(plugin: PluginInfo) -> dict[str, Any]:
    return {
        "name": plugin.owner.plugin,
        "version": plugin.owner.version,
        "distribution": plugin.owner.distribution,
        "builtin": plugin.owner.is_builtin,
        "status": plugin.status,
        "error": plugin.error,
        "provides": plugin.provides,
        "conflicts": list(plugin.conflicts),
    }


def _print(plugins: list[PluginInfo]) -> None:
    from corpuskit.cli import render

    console = render.stdout_console()
    table = render.table("name", "version", "distribution", "provides", "status")
    for plugin in plugins:
        owner = plugin.owner
        kinds = ", ".join(
            f"{len(names)} {kind}{'s'[: len(names) > 1]}" for kind, names in plugin.provides.items()
        )
        render.add_row(
            table, owner.plugin, owner.version, owner.distribution, kinds or "nothing", plugin.status
        )
    render.print_table(table, wrap="provides")
    for plugin in plugins:
        if plugin.error is not None:
            console.print(safe(f"{plugin.owner} failed: {plugin.error}"), markup=False)
        for conflict in plugin.conflicts:
            if not plugin.owner.is_builtin:
                console.print(safe(f"{plugin.owner}: {conflict}"), markup=False)
