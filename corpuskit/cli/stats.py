"""corpuskit stats."""

from __future__ import annotations

from typing import Any

import click

from corpuskit.cli import complete
from corpuskit.cli.help import Command
from corpuskit.cli.options import (
    UserPath,
    corpus_argument,
    encoding_option,
    json_option,
    option,
    quiet_option,
)


@click.command(
    "stats",
    cls=Command,
    examples=(
        "corpuskit stats data/tinyshakespeare/gpt2",
        "corpuskit stats data/tinyshakespeare/gpt2 --split train --block-size 1024",
        "corpuskit stats data/tinyshakespeare/gpt2 --json | jq .duplicates",
        "corpuskit stats data/tinyshakespeare/gpt2 --compare data/tinyshakespeare/o200k_base",
    ),
)
@corpus_argument
@option(
    "--split",
    metavar="NAME",
    multiple=True,
    shell_complete=complete.of_corpus,
    help="Count this split only; may be repeated. By default all are counted as one.",
)
@option(
    "--compare",
    metavar="CORPUS",
    type=UserPath(file_okay=False),
    help="Compare with this corpus instead, such as another encoding of the same documents. By default "
    "one corpus is counted.",
)
@option(
    "--block-size",
    "--context-length",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    metavar="T",
    group="What samplers keep",
    help="Judge rows of so many tokens.",
)
@option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    metavar="B",
    group="What samplers keep",
    help="Judge batches of so many rows.",
)
@option(
    "--top",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="Name so many of the most frequent tokens, of inputs, and of groups of duplicates.",
)
@option(
    "--long-tokens",
    type=click.IntRange(min=1),
    default=100_000,
    show_default=True,
    metavar="N",
    help="Call documents of more tokens than this very long.",
)
@option(
    "--max-hashes",
    type=click.IntRange(min=2),
    default=4_000_000,
    show_default=True,
    metavar="N",
    help="Keep so many documents' hashes at most, 32 bytes each; duplicates among more are judged from a "
    "sample.",
)
@encoding_option
@json_option
@quiet_option
def command(
    corpus: str, split: tuple[str, ...], compare: str | None, as_json: bool, quiet: bool, **flags: Any
) -> None:
    """Say what a corpus looks like: lengths, tokens, scripts, inputs, duplicates, and what samplers keep.

    Reads every byte once, and compares it with the manifest on the way.
    """
    from corpuskit.cli import render
    from corpuskit.inspect import comparison
    from corpuskit.inspect.collecting import stats
    from corpuskit.terminal.progress_bars import ProgressBars

    said = {name: value for name, value in flags.items() if value is not None}
    with ProgressBars(quiet=quiet) as bars:
        said |= {"split": split or None, "on_progress": bars}
        found = stats(corpus, **said) if compare is None else comparison.compare(corpus, compare, **said)
    if as_json:
        render.print_json(found.to_json())
    else:
        render.print_text(str(found))
