"""corpuskit plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.options import json_option

if TYPE_CHECKING:
    from corpuskit.registry import PluginInfo


@click.command("plugins")
@json_option
def command(as_json: bool) -> None:
    """List plugins: what each provides, and why one failed."""
    from corpuskit.cli import render
    from corpuskit.registry import default

    plugins = default().plugins()
    if as_json:
        render.print_json([_as_json(plugin) for plugin in plugins])
    else:
        _print(plugins)


def _as_json(plugin: PluginInfo) -> dict[str, Any]:
    return {
        "name": plugin.owner.plugin,
        "version": plugin.owner.version,
        "distribution": plugin.owner.distribution,
        "builtin": plugin.builtin,
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
            console.print(render.safe(f"{plugin.owner} failed: {plugin.error}"), markup=False)
        for conflict in plugin.conflicts:
            if not plugin.builtin:
                console.print(render.safe(f"{plugin.owner}: {conflict}"), markup=False)
