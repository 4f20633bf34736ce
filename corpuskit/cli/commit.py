"""corpuskit commit."""

from __future__ import annotations

from typing import Any

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import json_option, quiet_option
from corpuskit.cli.prepare_options import config_of, prepare_options


@click.command(
    "commit",
    cls=Command,
    examples=(
        "corpuskit prepare 'corpus/*.jsonl' --name mine --parts 1/2",
        "corpuskit prepare 'corpus/*.jsonl' --name mine --parts 2/2",
        "corpuskit commit 'corpus/*.jsonl' --name mine",
    ),
)
@prepare_options
@json_option
@quiet_option
def command(dataset: tuple[str, ...], config: str | None, as_json: bool, quiet: bool, **flags: Any) -> None:
    """Make the corpus of parts that 'corpuskit prepare --parts' has made.

    Takes the same options. The shares may have been made on several machines that see the same folder. If
    parts are missing it says so, and nothing is changed.
    """
    from corpuskit.cli.prepare import say
    from corpuskit.preparation.api import commit_parts
    from corpuskit.terminal.progress_bars import ProgressBars

    options = config_of(dataset, config, flags)
    with ProgressBars(quiet=quiet) as bars:
        prepared = commit_parts(options, on_progress=bars)
    say(prepared, options, as_json=as_json, quiet=quiet)
