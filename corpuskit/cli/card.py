"""corpuskit card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import UserPath, json_option, option, quiet_option

if TYPE_CHECKING:
    from corpuskit.inspect.card import Format


@click.command(
    "card",
    cls=Command,
    examples=(
        "corpuskit card data/tinyshakespeare/gpt2 -o README.md",
        "corpuskit card data/tinyshakespeare/gpt2 --format croissant -o croissant.json",
        "corpuskit card mixture.toml",
    ),
)
@click.argument("corpus", type=UserPath(), metavar="CORPUS")
@option(
    "--format",
    "format_name",
    type=click.Choice(["markdown", "croissant"]),
    default="markdown",
    show_default=True,
    help="Write Markdown with the front matter of Hugging Face, or JSON-LD of Croissant 1.1.",
)
@option(
    "-o",
    "--output",
    metavar="FILE",
    type=UserPath(dir_okay=False),
    help="Write this file. By default the card is printed.",
)
@option("--overwrite", is_flag=True, help="Replace a file that is there. By default that is an error.")
@json_option
@quiet_option
def command(
    corpus: str, format_name: Format, output: str | None, overwrite: bool, as_json: bool, quiet: bool
) -> None:
    """Write a dataset card: what a corpus is, where its text is from, and under which licence.

    CORPUS is a prepared corpus, or the TOML file of a mixture. What cannot be known from it is left as a
    blank: look for "[fill in:". With --json and without --output, print what the card is made of.
    """
    from corpuskit.cli import render
    from corpuskit.inspect.card import card
    from corpuskit.inspect.card_markdown import BLANK

    made = card(corpus)
    if output is not None:
        blanks = made.text(format_name).count(BLANK)
        path = made.write(output, format_name, overwrite=overwrite)
        if as_json:
            render.print_json({"path": str(path), "format": format_name, "blanks": blanks})
            return
        if not quiet:
            render.say(
                f"Wrote the card of {made.name}. Blanks for you to fill in, marked '{BLANK}': {blanks:,}."
            )
        render.print_text(str(path))
    elif as_json:
        render.print_json(made.to_json())
    else:
        render.print_text(made.text(format_name))
