"""corpuskit new-plugin."""

from __future__ import annotations

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import UserPath, option


@click.command(
    "new-plugin",
    cls=Command,
    examples=(
        "corpuskit new-plugin corpuskit-books",
        "corpuskit new-plugin corpuskit-words --kind tokenizer",
        "corpuskit new-plugin corpuskit-slurm --kind executor -o plugins/slurm",
    ),
)
@click.argument("name")
@option(
    "--kind",
    type=click.Choice(
        ["source", "tokenizer", "sampler", "reader", "template", "executor", "format", "store", "command"]
    ),
    metavar="KIND",
    default="source",
    show_default=True,
    help="Provide a source, tokenizer, sampler, reader, template, executor, format, store or command.",
)
@option(
    "-o",
    "--output",
    metavar="PATH",
    type=UserPath(file_okay=False),
    help="Make this folder. [default: NAME]",
)
def command(name: str, kind: str, output: str | None) -> None:
    """Write a new plugin package.

    NAME is the distribution's name, such as corpuskit-books. The package has a component that works, with
    tests that pass, to be edited: install it with pip, and it is a name that corpuskit knows.
    """
    import shlex

    from corpuskit.cli import render
    from corpuskit.scaffold.writing import write_plugin

    folder = write_plugin(name, kind=kind, folder=output)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        render.say(f"made {path}")
    render.say(f"Next: cd {shlex.quote(str(folder))} && pip install -e '.[dev]' && pytest")
    render.print_text(str(folder))
