"""corpuskit unpack."""

from __future__ import annotations

import sys

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import UserPath, json_option, option, quiet_option


class PackedPath(UserPath):
    """The path of a packed corpus."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """What may be typed."""
        return "name a file that 'corpuskit pack' wrote, or - for stdin"


@click.command(
    "unpack",
    cls=Command,
    examples=(
        "corpuskit unpack tinyshakespeare-gpt2.tar -o data/tinyshakespeare/gpt2",
        "corpuskit unpack - -o data/tinyshakespeare/gpt2",
    ),
)
@click.argument("file", type=PackedPath(dir_okay=False, allow_dash=True), metavar="FILE")
@option(
    "-o",
    "--output",
    metavar="PATH",
    type=UserPath(file_okay=False),
    help="Make this folder. By default it is FILE's name without its extension, in the current folder.",
)
@option("--overwrite", is_flag=True, help="Replace a corpus that is there. By default that is an error.")
@json_option
@quiet_option
def command(file: str, output: str | None, overwrite: bool, as_json: bool, quiet: bool) -> None:
    """Make the corpus that is in FILE, which 'corpuskit pack' wrote; - is stdin.

    Every byte is compared with the corpus's manifest as it is read. The folder appears whole or not at all.
    """
    from corpuskit.bundles.unpacking import unpack
    from corpuskit.cli import render
    from corpuskit.terminal.progress_bars import ProgressBars

    if file == "-" and (sys.stdin is None or sys.stdin.isatty()):
        what = "closed" if sys.stdin is None else "a terminal"
        raise click.UsageError(f"stdin is {what}; name a file, or add a pipe")
    with ProgressBars(quiet=quiet) as bars:
        made = unpack(
            sys.stdin.buffer if file == "-" else file, output, overwrite=overwrite, on_progress=bars
        )
    if as_json:
        splits = {name: len(made[name]) for name in made}
        render.print_json({"path": str(made.path), "fingerprint": made.fingerprint, "splits": splits})
        return
    render.print_text(str(made.path))
