"""corpuskit bench."""

from __future__ import annotations

import click

from corpuskit.cli import complete
from corpuskit.cli.help import Command
from corpuskit.cli.options import corpus_argument, json_option, option, quiet_option


@click.command(
    "bench",
    cls=Command,
    examples=(
        "corpuskit bench data/tinyshakespeare/gpt2",
        "corpuskit bench data/stories/gpt2 --batch-size 64 --block-size 1024 --seconds 5",
    ),
)
@corpus_argument
@option(
    "--split", metavar="NAME", shell_complete=complete.of_corpus, help="Measure this split. [default: train]"
)
@option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    metavar="B",
    group="A batch",
    help="Put so many windows into a batch.",
)
@option(
    "--block-size",
    "--context-length",
    type=click.IntRange(min=1),
    default=1024,
    show_default=True,
    metavar="T",
    group="A batch",
    help="Put so many tokens into a window.",
)
@option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Measure each row for about so long.",
)
@json_option
@quiet_option
def command(
    corpus: str,
    split: str | None,
    batch_size: int,
    block_size: int,
    seconds: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure what this machine does with a corpus.

    Prepares a sample of its text again, reads its shards cold and warm, and draws batches by each sampler in
    turns with nanoGPT's get_batch. Ratios are medians over the turns, so that a busy machine changes them
    little.
    """
    from corpuskit.cli import render
    from corpuskit.corpus import open_corpus
    from corpuskit.inspect.bench import bench
    from corpuskit.terminal.progress_bars import ProgressBars

    opened = open_corpus(corpus)
    with ProgressBars(quiet=quiet) as bars:
        report = bench(
            opened,
            split or "train",
            seconds=seconds,
            batch_size=batch_size,
            block_size=block_size,
            on_progress=bars,
        )
    if as_json:
        render.print_json(report.to_json())
    else:
        render.print_text(str(report))
