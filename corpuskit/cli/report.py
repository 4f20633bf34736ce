"""corpuskit report."""

from __future__ import annotations

from typing import Any

import click

from corpuskit.cli import complete
from corpuskit.cli.help import Command
from corpuskit.cli.options import (
    Name,
    UserPath,
    corpus_argument,
    inputs_option,
    json_option,
    option,
    quiet_option,
)
from corpuskit.cli.said import as_flags, in_file


def _numbers(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """Whole numbers between commas."""
    try:
        found = tuple(int(part) for part in value.split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"expected whole numbers such as 0,100, found {value!r}") from None
    if min(found, default=0) < 0:
        raise click.BadParameter(f"steps count from 0, found {value!r}")
    return found


def _names(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


@click.command(
    "report",
    cls=Command,
    examples=(
        "corpuskit report data/tinyshakespeare/gpt2 -o report.html",
        "corpuskit report data/tinyshakespeare/gpt2 --encodings cl100k_base,o200k_base",
        "corpuskit report data/tinyshakespeare/gpt2 --steps 0,100 --batch-size 8 --sampler packed",
    ),
)
@corpus_argument
@option(
    "-o",
    "--output",
    metavar="FILE",
    type=UserPath(),
    default="report.html",
    show_default=True,
    help="Write this file.",
)
@option(
    "--static",
    is_flag=True,
    help="Leave out the script: charts are drawings. By default they say values where a mouse hovers.",
)
@option("--overwrite", is_flag=True, help="Replace a file that is there. By default that is an error.")
@option(
    "--documents",
    type=click.IntRange(min=0),
    default=6,
    show_default=True,
    metavar="N",
    group="Documents",
    help="Show so many documents, drawn at random.",
)
@option(
    "--encodings",
    metavar="NAMES",
    default="",
    callback=_names,
    group="Documents",
    help="Show their text under these encodings as well, such as gpt2,o200k_base. By default there are none.",
)
@option(
    "--split",
    metavar="NAME",
    shell_complete=complete.of_corpus,
    group="Batches",
    help="Show documents and batches of this split. [default: train]",
)
@option(
    "--steps",
    metavar="NUMBERS",
    default="0",
    show_default=True,
    callback=_numbers,
    group="Batches",
    help="Show the rows of these steps, such as 0,100.",
)
@option(
    "--run-steps",
    type=click.IntRange(min=0),
    metavar="N",
    group="Batches",
    help="Show what so many steps have drawn. By default they ask for as many tokens as there are.",
)
@option(
    "--batch-size",
    type=int,
    metavar="B",
    group="Batches",
    help="Put so many windows into a batch. [default: 8]",
)
@option(
    "--block-size",
    "--context-length",
    type=int,
    metavar="T",
    group="Batches",
    help="Put so many tokens into a window. [default: 128]",
)
@option(
    "--sampler",
    metavar="NAME",
    type=Name("sampler"),
    group="Batches",
    help="Draw windows by this sampler; 'corpuskit list samplers' shows them. [default: shuffled]",
)
@option("--seed", type=int, metavar="N", group="Batches", help="Draw windows by this seed. [default: 0]")
@option(
    "--config",
    metavar="FILE",
    type=UserPath(),
    group="Batches",
    help="Take the batches' options from this TOML file; flags win over it. By default there is none.",
)
@inputs_option
@json_option
@quiet_option
def command(
    corpus: str,
    output: str,
    static: bool,
    overwrite: bool,
    documents: int,
    encodings: tuple[str, ...],
    steps: tuple[int, ...],
    run_steps: int | None,
    config: str | None,
    inputs: str | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Write a page about a corpus, to look at and to pass on.

    One HTML file that asks for no other: what the corpus is and was made of, statistics with charts, which
    tokens a run draws, documents as tokens, and rows of batches with where each is from.
    """
    from corpuskit.cli import render
    from corpuskit.config import BatchConfig
    from corpuskit.corpus import open_corpus
    from corpuskit.inspect.report.api import report
    from corpuskit.terminal.progress_bars import ProgressBars

    usual = {"batch_size": 8, "block_size": 128, "sampler": "shuffled"}
    drawn = BatchConfig.make(usual, in_file(config, BatchConfig, flags), as_flags(flags))
    opened = open_corpus(corpus)
    here: dict[str, Any] = {"output": "numpy", "device": None, "resident": False, "rank": 0, "world_size": 1}
    batches = opened.batches(config=drawn, **here)
    with ProgressBars(quiet=quiet) as bars:
        written = report(
            opened,
            output,
            batches=batches,
            steps=steps,
            run_steps=run_steps,
            num_documents=documents,
            encodings=encodings,
            inputs=inputs,
            static=static,
            overwrite=overwrite,
            on_progress=bars,
        )
    if as_json:
        render.print_json(written.to_json())
        return
    if not quiet:
        render.say("Wrote a page that asks for no other file.")
    render.print_text(str(written.path))
