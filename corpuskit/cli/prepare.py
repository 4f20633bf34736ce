"""corpuskit prepare."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import json_option, option, quiet_option
from corpuskit.cli.prepare_options import config_of, prepare_options
from corpuskit.terminal.text import size

if TYPE_CHECKING:
    from corpuskit.config import PrepareConfig
    from corpuskit.preparation.outcome import Prepared


@click.command(
    "prepare",
    cls=Command,
    examples=(
        "corpuskit prepare tinyshakespeare --encoding gpt2",
        "corpuskit prepare ./my.txt --encoding cl100k_base --name mine",
        "corpuskit prepare 'corpus/*.jsonl.gz' --text-field content --split valid=0.01",
    ),
)
@prepare_options
@option(
    "--parts",
    group="Running",
    metavar="K/N",
    help="Make only the K-th of N shares of the parts, and no corpus; 'corpuskit commit' does the rest. By "
    "default all is done.",
)
@json_option
@quiet_option
def command(dataset: tuple[str, ...], config: str | None, as_json: bool, quiet: bool, **flags: Any) -> None:
    """Turn DATASET into a verified corpus of token ids, ready to train on.

    DATASET is a corpus's name ('corpuskit list sources'), or files: a path, a folder, a glob, a URL, or
    @FILE with a path on each line. A run that was stopped goes on where it was; a corpus that is there
    already is left alone.
    """
    from corpuskit.cli import render
    from corpuskit.preparation.api import make_parts, run
    from corpuskit.preparation.outcome import Prepared
    from corpuskit.terminal.progress_bars import ProgressBars

    options = config_of(dataset, config, flags)
    with ProgressBars(quiet=quiet) as bars:
        done = (run if options.parts is None else make_parts)(options, on_progress=bars)
    if isinstance(done, Prepared):
        say(done, options, as_json=as_json, quiet=quiet)
    elif as_json:
        render.print_json({**dataclasses.asdict(done), "folder": str(done.folder)})
    elif not quiet:
        parts = f"{done.num_made:,} part{'s' if done.num_made != 1 else ''}"
        render.say(
            f"Made {parts}; {done.num_mine:,} of {done.num_parts:,} {'is' if done.num_mine == 1 else 'are'} "
            "this share's. "
            "When all are made, 'corpuskit commit' with the same options makes the corpus."
        )


def say(prepared: Prepared, config: PrepareConfig, *, as_json: bool, quiet: bool) -> None:
    """Say what `prepare` or `commit` did; stdout gets the corpus's path."""
    from corpuskit.cli import render

    if as_json:
        render.print_json(_as_json(prepared))
        return
    if not quiet:
        _say(prepared, config)
    render.print_text(str(prepared.corpus.path))


def _as_json(prepared: Prepared) -> dict[str, Any]:
    corpus = prepared.corpus
    return {
        "path": str(corpus.path),
        "made": prepared.made,
        "fingerprint": corpus.fingerprint,
        "splits": {name: len(split) for name, split in corpus.items()},
        "run": prepared.run,
    }


def _say(prepared: Prepared, config: PrepareConfig) -> None:
    from corpuskit.cli import facts, render

    corpus, run = prepared.corpus, prepared.run
    counts = ", ".join(f"{len(split):,} {name}" for name, split in corpus.items())
    if not prepared.made:
        render.say(f"Already prepared: {counts} tokens. Nothing was changed.")
        return
    how = f"in {run['elapsed_s']:.1f} s"
    if run["work_s"] >= 1:
        how += f", {size(run['bytes_per_s'])}/s"
    targets = run["num_targets"]
    learned = "" if targets is None else f", {targets:,} targets"
    render.say(f"Prepared {counts} tokens{learned} ({corpus.manifest.tokenizer.name}) {how}.")
    if by_default := facts.decided(config, corpus):
        render.say(f"By default: {by_default}.")
    for kind, count in corpus.manifest.left_out.items():
        place = ""  # a split without a token has no place
        if kind in run["left_out"]:
            first = run["left_out"][kind][0]
            place = f" (first in {first['input']} at {first['start']:,}: {first['reason']})"
        render.say(f"Left out or repaired, {kind}: {count:,}{place}")
