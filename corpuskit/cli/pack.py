"""corpuskit pack."""

from __future__ import annotations

import sys

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import UserPath, corpus_argument, json_option, option, quiet_option


@click.command(
    "pack",
    cls=Command,
    examples=(
        "corpuskit pack data/tinyshakespeare/gpt2 -o tinyshakespeare-gpt2.tar",
        "corpuskit pack data/tinyshakespeare/gpt2 -o - | ssh node corpuskit unpack - -o tinyshakespeare",
    ),
)
@corpus_argument
@option(
    "-o",
    "--output",
    metavar="FILE",
    type=UserPath(dir_okay=False, allow_dash=True),
    required=True,
    help="Write this file; - is stdout.",
)
@option("--overwrite", is_flag=True, help="Replace a file that is there. By default that is an error.")
@json_option
@quiet_option
def command(corpus: str, output: str, overwrite: bool, as_json: bool, quiet: bool) -> None:
    """Write CORPUS as one file, which 'corpuskit unpack' makes the same corpus of.

    Every byte of the corpus is checked on the way. The file is a tar archive whose bytes depend on
    the folder's files alone, and appears whole or not at all.
    """
    from corpuskit.bundles.packing import pack
    from corpuskit.cli import render
    from corpuskit.terminal.progress_bars import ProgressBars

    if output == "-":
        if as_json:
            raise click.UsageError("--json and the file cannot both go to stdout; name a file with --output")
        if sys.stdout.isatty():
            raise click.UsageError("stdout is a terminal; name a file with --output, or add a pipe")
        with ProgressBars(quiet=quiet) as bars:
            pack(corpus, sys.stdout.buffer, on_progress=bars)
            sys.stdout.flush()
        return
    with ProgressBars(quiet=quiet) as bars:
        path = pack(corpus, output, overwrite=overwrite, on_progress=bars)
    assert path is not None
    if as_json:
        render.print_json({"path": str(path), "size_bytes": path.stat().st_size})
        return
    render.print_text(str(path))
