"""corpuskit where."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli import complete
from corpuskit.cli.batch_options import NAMES, batch_config, batch_options, data_argument
from corpuskit.cli.help import Command
from corpuskit.cli.options import (
    encoding_option,
    inputs_option,
    json_option,
    option,
    quiet_option,
)

if TYPE_CHECKING:
    from corpuskit.batches import Batches
    from corpuskit.inspect.runs import Data
    from corpuskit.inspect.where import Found


def _steps(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """FIRST:LAST, or one step."""
    if value is None:
        return None
    parts = re.fullmatch(r"([0-9]{1,18})(?::([0-9]{1,18}))?", value)
    if parts is None:
        raise click.BadParameter(f"must be FIRST:LAST, such as 0:999, found {value!r}")
    return int(parts[1]), int(parts[2] or parts[1])


@click.command(
    "where",
    cls=Command,
    examples=(
        "corpuskit where data/mine/gpt2 --text 'a phrase of a document'",
        "corpuskit where data/mine/gpt2 --input books/a.txt:120",
        "corpuskit where data/mine/gpt2 --document 7 --sampler shuffled --batch-size 64 --block-size 1024",
        "corpuskit where data/mine/gpt2 --text 'a phrase' --split train --seed 7 --steps 0:9999",
    ),
)
@data_argument
@option(
    "--document",
    type=click.IntRange(min=0),
    metavar="N",
    group="What to find",
    help="Find the document of this number, counted from 0. By default nothing is looked for.",
)
@option(
    "--input",
    "line",
    metavar="FILE:LINE",
    group="What to find",
    help="Find what this line of an input became, counted from 1; FILE#ROW of a file that has rows, counted "
    "from 0. By default nothing is looked for.",
)
@option(
    "--text",
    metavar="TEXT",
    group="What to find",
    help="Find every place that decodes to this text, whatever its tokens. By default nothing is looked for.",
)
@option(
    "--split",
    metavar="NAME",
    shell_complete=complete.of_corpus,
    group="What to find",
    help="Look into this split. By default into that of the run, if one is said; else a document is of "
    "train, and lines and texts are looked for in all splits.",
)
@option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="Stop after so many places, and so many rows of the run for each.",
)
@option(
    "--member",
    metavar="CORPUS",
    help="Look into this corpus of a mixture only. By default all of them are looked into.",
)
@inputs_option
@encoding_option
@option(
    "--steps",
    metavar="FIRST:LAST",
    callback=_steps,
    group="The run",
    help="Say at which of these steps of the run it is seen, LAST included. By default at those of an epoch, "
    "if any option of the run is said.",
)
@batch_options
@json_option
@quiet_option
def command(
    corpus: str,
    document: int | None,
    line: str | None,
    text: str | None,
    limit: int,
    member: str | None,
    inputs: str | None,
    encoding: str | None,
    steps: tuple[int, int] | None,
    config: str | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Find a document, a line of an input or a text: its shard, tokens, document and line.

    With options of a run, also at which steps and rows that run sees it. CORPUS is a prepared corpus, or
    the TOML file of a mixture.
    """
    from corpuskit.cli import render
    from corpuskit.inspect.runs import open_data
    from corpuskit.inspect.where import where
    from corpuskit.terminal.progress_bars import ProgressBars

    said = {"--document": document, "--input": line, "--text": text}
    asked = [flag for flag, value in said.items() if value is not None]
    if len(asked) != 1:
        both = (
            f"{' and '.join(asked)} exclude each other"
            if asked
            else "--document, --input or --text is missing"
        )
        raise click.UsageError(both)
    data = open_data(corpus, encoding=encoding)
    batches: Batches | None = None
    if steps is not None or config is not None or any(flags[name] is not None for name in NAMES):
        batches = data.batches(batch_config(config, flags))
    found: dict[str, Found] = {}
    with ProgressBars(quiet=quiet) as bars:
        for name in _names(data, member, needs_one=text is None):
            found[name] = where(
                data.corpora[name],
                document=document,
                input=line,
                text=text,
                split=flags["split"],
                inputs=inputs,
                batches=batches,
                steps=steps,
                most=limit,
                on_progress=bars,
            )
    if as_json:
        values = {name: one.to_json() for name, one in found.items()}
        render.print_json(values if data.is_mixture else values[""])
        return
    if not any(map(len, found.values())):
        render.say("nowhere")
    for name, one in found.items():
        _print(one, name, limit)


def _names(data: Data, member: str | None, *, needs_one: bool) -> list[str]:
    """The corpora that are looked into."""
    from corpuskit.errors import ConfigError

    names = list(data.corpora)
    if member is not None:
        if member not in names:
            known = ", ".join(filter(None, names)) or "no others: it is no mixture"
            raise ConfigError(f"--member {member}: is not in {data.path}, which has {known}", found=member)
        return [member]
    if needs_one and len(names) > 1:
        raise ConfigError(f"{data.path}: of which corpus? say so with --member {names[0]}")
    return names


def _wrapped(line: str) -> str:
    """A line as wide as the terminal; further ones begin under its text."""
    if not sys.stdout.isatty():
        return line
    return textwrap.fill(
        line,
        shutil.get_terminal_size().columns,
        subsequent_indent="    ",
        replace_whitespace=False,
        drop_whitespace=False,
        break_on_hyphens=False,
    )


def _print(found: Found, name: str, limit: int) -> None:
    from corpuskit.cli import render
    from corpuskit.terminal.text import one_line

    if name and found.places:
        click.echo(one_line(f"{name}:"))
    for number, one in enumerate(found):
        if number:
            click.echo()
        for line in str(one).split("\n"):
            click.echo(_wrapped(line))
    if not found.is_all:
        render.say(f"There are more; the first {limit:,} are shown (--limit).")
