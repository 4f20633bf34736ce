"""corpuskit plan."""

from __future__ import annotations

from typing import Any

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import json_option
from corpuskit.cli.prepare_options import config_of, plan_options


@click.command("plan", cls=Command, examples=("corpuskit plan 'corpus/*.jsonl.zst' --encoding gpt2",))
@plan_options
@json_option
def command(dataset: tuple[str, ...], config: str | None, as_json: bool, **flags: Any) -> None:
    """List the files of DATASET with all their problems, and say what preparing them would make and take.

    Takes the options of 'corpuskit prepare' but those that say where the corpus goes. Nothing is written;
    what must be downloaded is. Text is read and encoded in places all over the corpus, and numbers that are
    judged from these come with a range.
    """
    from corpuskit.cli import render
    from corpuskit.preparation.api import plan
    from corpuskit.terminal.progress_bars import ProgressBars

    with ProgressBars() as bars:
        found = plan(config=config_of(dataset, config, flags), on_progress=bars)
    if as_json:
        render.print_json(found.to_json())
    else:
        render.print_text(str(found))
    if found.errors:
        raise found.errors[0]
