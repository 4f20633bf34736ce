"""corpuskit list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import Name, UserPath, json_option, option
from corpuskit.near import hint
from corpuskit.terminal.text import one_line, safe, size

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from corpuskit.registry import Component

KINDS = (
    *("sources", "tokenizers", "samplers", "readers", "templates", "executors", "formats", "stores"),
    "commands",
)


#: What `--explain` is without a name; no tokenizer can be called so.
_ALL = ""


class _Kind(click.types.StringParamType):
    """A kind of component, as one or as many; or corpora."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if str(value).lower() in ("corpora", "corpus"):
            return "corpora"
        kind = f"{str(value).lower().removesuffix('s')}s"
        if kind not in KINDS:
            kinds = (*KINDS, "corpora")
            self.fail(f"no kind {value!r}; {hint(kind, kinds, most=1)}", param, ctx)
        return kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from corpuskit.cli import complete

        return complete.matching([(kind, "") for kind in (*KINDS, "corpora")], incomplete)


@click.command(
    "list",
    cls=Command,
    examples=(
        "corpuskit list",
        "corpuskit list sources",
        "corpuskit list corpora",
        "corpuskit list corpora runs",
        "corpuskit list tokenizers --explain gpt2",
    ),
)
@click.argument("kind", type=_Kind(), required=False)
@click.argument("folder", type=UserPath(), required=False)
@option(
    "--explain",
    "tokenizer",
    metavar="NAME",
    type=Name("tokenizer"),
    is_flag=False,
    flag_value=_ALL,
    help="Say which engine computes the ids of a tokenizer on this machine, and why; without a NAME, of all. "
    "By default the list.",
)
@json_option
def command(kind: str | None, folder: str | None, tokenizer: str | None, as_json: bool) -> None:
    """List components by name, built-in ones first: those of a kind, or all of them.

    KIND is sources, tokenizers, samplers, readers, templates, executors, formats, stores or commands.

    'corpuskit list corpora' lists the prepared corpora below FOLDER; by default below data, where they are
    made.
    """
    if folder is not None and kind != "corpora":
        raise click.UsageError(f"{folder}: only 'corpuskit list corpora' takes a folder")
    if tokenizer is not None:
        if kind != "tokenizers":
            typed = ["corpuskit list tokenizers --explain", *filter(None, [tokenizer])]
            raise click.UsageError(f"--explain is about tokenizers; type '{' '.join(typed)}'")
        _explain(tokenizer, as_json=as_json)
        return
    if kind == "corpora":
        _list_corpora(folder, as_json=as_json)
        return
    from corpuskit.cli import render

    kinds = KINDS if kind is None else (kind,)
    found = {each: _components(each) for each in kinds}
    if as_json:
        rows = {each: [_as_json(component) for component in found[each]] for each in kinds}
        render.print_json(rows if kind is None else rows[kind])
        return
    for number, each in enumerate(kinds):
        if kind is None:
            click.echo(f"{chr(10) if number else ''}# {each}")
        _print(each, found[each])


def _components(kind: str) -> list[Component[Any]]:
    from corpuskit.registry import default
    from corpuskit.registry.checks import SPECS

    components = default().components(SPECS[kind.removesuffix("s")])
    return [*_builtin_commands(), *components] if kind == "commands" else components


def _explain(name: str, *, as_json: bool) -> None:
    """Say what computes the ids of a tokenizer, or of each that its name alone opens."""
    from corpuskit.cli import render
    from corpuskit.errors import CorpuskitError

    if name != _ALL:
        explained = _explained(name)
        if as_json:
            render.print_json(explained)
        else:
            _print_explained(explained)
        return
    found = []
    for component in _components("tokenizers"):
        try:
            found.append(_explained(component.spec.name))
        except CorpuskitError as error:
            found.append({"tokenizer": component.spec.name, "error": str(error)})
        if not as_json:
            _print_explained(found[-1])
    if as_json:
        render.print_json(found)


def _explained(name: str) -> dict[str, Any]:
    """Which engine computes a tokenizer's ids, and why, as a JSON value.

    Raises:
        CorpuskitError: If it cannot be opened.
    """
    import dataclasses

    from corpuskit.tokenizers.opening import open_tokenizer

    tokenizer = open_tokenizer(name)
    choice = dataclasses.asdict(tokenizer.explain_engine())
    if tokenizer.owner is not None and not choice["versions"]:
        choice["versions"] = {tokenizer.owner.distribution: tokenizer.owner.version}
    return {"tokenizer": name, **choice}


def _print_explained(explained: dict[str, Any]) -> None:
    name = explained["tokenizer"]
    if "error" in explained:
        click.echo(one_line(f"{name}: {explained['error']}"))
        return
    versions = [
        f"{library} {version or 'not installed'}" for library, version in explained["versions"].items()
    ]
    click.echo(one_line(f"{name}: {explained['engine']} ({', '.join(versions)})"))
    for reason in explained["reasons"]:
        click.echo(one_line(f"- {reason}"))


def _list_corpora(folder: str | None, *, as_json: bool) -> None:
    from corpuskit.cli import render
    from corpuskit.cli.corpora import show
    from corpuskit.errors import ConfigError
    from corpuskit.file_errors import looking_at
    from corpuskit.paths import user_path
    from corpuskit.preparation.corpora import corpora_in

    path = user_path(folder or "data", what="FOLDER")
    with looking_at(path):
        is_there = path.is_dir()
    if folder is not None and not is_there:
        raise ConfigError(f"{path}: no such folder; name one that corpora are in", path=path)
    found = list(corpora_in(path))
    if found or as_json:
        show(found, as_json=as_json)
    else:
        render.say(f"no corpora below {path}; 'corpuskit prepare' makes one")


def _builtin_commands() -> list[Component[Any]]:
    """The root's own commands, which are no plugins: `corpuskit --help` must not import the registry."""
    from corpuskit.cli import COMMANDS
    from corpuskit.registry import Component
    from corpuskit.registry.discovery import Owner
    from corpuskit.registry.distribution import NAME as DISTRIBUTION
    from corpuskit.registry.specs import CommandSpec
    from corpuskit.version import __version__

    owner = Owner("cli", DISTRIBUTION, __version__)
    return [
        Component(CommandSpec(name, summary, f"{module}:command"), owner)
        for name, (module, summary) in COMMANDS.items()
    ]


def _as_json(component: Component[Any]) -> dict[str, Any]:
    spec, owner = component.spec, component.owner
    return {
        "name": spec.name,
        "summary": spec.summary,
        "plugin": owner.plugin,
        "distribution": owner.distribution,
        "version": owner.version,
        **spec.facts(),
    }


def _print(kind: str, components: list[Component[Any]]) -> None:
    """One table for each distribution, their columns under one another."""
    from corpuskit.cli import render

    by_distribution: dict[str, list[Component[Any]]] = {}
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
            facts = spec.facts()
            shown = [_size(facts["size_bytes"]), facts["license"] or ""] if more else []
            render.add_row(table, spec.name, *shown, spec.summary)
        render.stdout_console().print(("\n" if number else "") + safe(owner), style="bold", markup=False)
        render.print_table(table, wrap="summary")


def _size(size_bytes: int | None) -> str:
    return "" if size_bytes is None else size(size_bytes)
