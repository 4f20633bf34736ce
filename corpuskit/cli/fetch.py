"""corpuskit fetch."""

from __future__ import annotations

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import Name, UserPath, json_option, option, quiet_option


@click.command(
    "fetch",
    cls=Command,
    examples=(
        "corpuskit fetch tinyshakespeare --encoding gpt2 --encoding o200k_base --to stick",
        "corpuskit fetch https://example.org/text.txt --to stick",
    ),
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=Name("source", files=True))
@option(
    "--encoding",
    "encodings",
    multiple=True,
    metavar="NAME",
    type=Name("tokenizer"),
    help="Fetch what this tokenizer needs; may be repeated. By default none is.",
)
@option(
    "--to",
    "folder",
    metavar="FOLDER",
    type=UserPath(file_okay=False),
    required=True,
    help="Put the files into this folder, a bundle.",
)
@option(
    "--format",
    "format_name",
    metavar="NAME",
    type=Name("reader"),
    help="Read the files in this format. By default their names say it.",
)
@option(
    "--max-tokens",
    metavar="COUNT",
    help="Fetch only what a corpus of so many tokens needs, such as 100M; it is prepared to find out. By "
    "default all files are fetched.",
)
@json_option
@quiet_option
def command(
    sources: tuple[str, ...],
    encodings: tuple[str, ...],
    folder: str,
    format_name: str | None,
    max_tokens: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Collect every file that preparing needs, for a machine that reaches no network.

    SOURCE is a corpus by name or a URL. Each file is in the folder under its sha256, and bundle.json says
    what it is; what is there already is not fetched again. On the other machine, CORPUSKIT_MIRRORS names the
    folder, or a web server over it.
    """
    from corpuskit.bundles.collecting import fetch_bundle
    from corpuskit.cli import render
    from corpuskit.terminal.progress_bars import ProgressBars

    with ProgressBars(quiet=quiet) as bars:
        bundle = fetch_bundle(
            folder,
            sources,
            encodings=encodings,
            format=format_name,
            max_tokens=max_tokens,
            on_progress=bars,
        )
    if as_json:
        render.print_json(bundle.to_json())
        return
    if not quiet:
        what = "file" if bundle.num_files == 1 else "files"
        render.say(
            f"{bundle.num_files:,} {what} ({bundle.size_bytes:,} bytes), {bundle.num_new:,} of them new."
        )
        if not encodings:
            render.say("By default: no vocabulary is fetched (--encoding names those that are needed).")
    render.print_text(str(bundle.path))
