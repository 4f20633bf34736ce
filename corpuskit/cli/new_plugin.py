"""corpuskit new-plugin."""

from __future__ import annotations

import click

from corpuskit.cli.options import UserPath


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["source", "tokenizer", "sampler"]),
    default="source",
    show_default=True,
    help="What the plugin provides.",
)
@click.option("-o", "--output", type=UserPath(), help="The folder to make. [default: NAME]")
def command(name: str, kind: str, output: str | None) -> None:
    """Write a new plugin package.

    NAME is the distribution's name, such as corpuskit-books. The package has a component that works, with
    tests that pass, to be edited: install it with pip, and it is a name that corpuskit knows.

    \b
    corpuskit new-plugin corpuskit-books
    corpuskit new-plugin corpuskit-words --kind tokenizer
    """  # noqa: D301 - click reads the \b
    import shlex

    from corpuskit.scaffold import write_plugin

    folder = write_plugin(name, kind=kind, folder=output)
    click.echo(f"Next: cd {shlex.quote(str(folder))} && pip install -e '.[dev]' && pytest", err=True)
    click.echo(folder)
