"""corpuskit list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.options import json_option

if TYPE_CHECKING:
    from corpuskit.registry import Component

KINDS = ("sources", "tokenizers", "samplers", "readers", "executors", "formats", "commands")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@json_option
def command(kind: str, as_json: bool) -> None:
    """List components of a kind by name, built-in ones first."""
    from corpuskit.cli import render
    from corpuskit.registry import default

    components = default().components(kind.removesuffix("s"))
    if kind == "commands":
        components = [*_builtin_commands(), *components]
    if as_json:
        render.print_json([_as_json(component) for component in components])
    else:
        _print(kind, components)


def _builtin_commands() -> list[Component]:
    """The root's own commands, which are no plugins: `corpuskit --help` must not import the registry."""
    from corpuskit import __version__
    from corpuskit.cli import COMMANDS
    from corpuskit.distribution import NAME as DISTRIBUTION
    from corpuskit.registry import Component, Owner
    from corpuskit.specs import CommandSpec

    owner = Owner("cli", DISTRIBUTION, __version__)
    return [
        Component("command", CommandSpec(name, summary, f"{module}:command"), owner)
        for name, (module, summary) in COMMANDS.items()
    ]


def _as_json(component: Component) -> dict[str, Any]:
    from corpuskit.specs import ReaderSpec, SourceSpec

    spec, owner = component.spec, component.owner
    described: dict[str, Any] = {
        "name": spec.name,
        "summary": spec.summary,
        "plugin": owner.plugin,
        "distribution": owner.distribution,
        "version": owner.version,
    }
    if isinstance(spec, SourceSpec):
        described |= {"size_bytes": spec.size_bytes, "license": spec.license, "homepage": spec.homepage}
    if isinstance(spec, ReaderSpec):
        described["extensions"] = list(spec.extensions)
    return described


def _print(kind: str, components: list[Component]) -> None:
    """One table for each distribution, their columns under one another."""
    from corpuskit.cli import render
    from corpuskit.specs import SourceSpec

    by_distribution: dict[str, list[Component]] = {}
    for component in components:
        owner = f"{component.owner.distribution} {component.owner.version}"
        by_distribution.setdefault(owner, []).append(component)
    longest = max((len(component.spec.name) for component in components), default=0)
    for number, (owner, owned) in enumerate(by_distribution.items()):
        more = (">size", "license") if kind == "sources" else ()
        table = render.table("name", *more, "summary")
        table.columns[0].min_width = longest
        for component in owned:
            spec = component.spec
            cells = [spec.name, spec.summary]
            if isinstance(spec, SourceSpec):
                size = "" if spec.size_bytes is None else render.size(spec.size_bytes)
                cells[1:1] = [size, spec.license or ""]
            render.add_row(table, *cells)
        render.stdout_console().print(
            ("\n" if number else "") + render.safe(owner), style="bold", markup=False
        )
        render.print_table(table, wrap="summary")
