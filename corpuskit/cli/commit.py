"""corpuskit commit."""

from __future__ import annotations

from typing import Any

import click

from corpuskit.cli.options import config_of, json_option, prepare_options, quiet_option


@click.command("commit")
@prepare_options
@json_option
@quiet_option
def command(dataset: tuple[str, ...], config: str | None, as_json: bool, quiet: bool, **flags: Any) -> None:
    r"""Make the corpus of parts that 'corpuskit prepare --parts' has made.

    Takes the same options. If parts are missing it says so, and nothing is changed.

    \b
    corpuskit prepare 'corpus/*.jsonl' --name mine --parts 1/2   # on one machine
    corpuskit prepare 'corpus/*.jsonl' --name mine --parts 2/2   # on another, on the same folder
    corpuskit commit 'corpus/*.jsonl' --name mine
    """
    from corpuskit.cli import render
    from corpuskit.cli.prepare import say
    from corpuskit.prepare.pipeline import commit_parts

    with render.ProgressBars(quiet=quiet) as bars:
        prepared = commit_parts(config_of(dataset, config, flags), on_progress=bars)
    say(prepared, as_json=as_json, quiet=quiet)
