"""corpuskit publish."""

from __future__ import annotations

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import corpus_argument, json_option, option, quiet_option


@click.command(
    "publish",
    cls=Command,
    examples=(
        "corpuskit publish data/tinyshakespeare/gpt2 hf://my-name/tinyshakespeare-gpt2",
        "corpuskit publish data/tinyshakespeare/gpt2 s3://bucket/corpora/tinyshakespeare",
    ),
)
@corpus_argument
@click.argument("place", metavar="URL")
@option(
    "--overwrite",
    is_flag=True,
    help="Replace another corpus that is there, and its README.md. By default that is an error.",
)
@option(
    "--private",
    is_flag=True,
    help="Make a new repository private. By default it is public, or as the organization says.",
)
@json_option
@quiet_option
def command(corpus: str, place: str, overwrite: bool, private: bool, as_json: bool, quiet: bool) -> None:
    """Put CORPUS, a folder on this machine, at a URL where others can open it.

    URL is hf://org/name[@branch][/folder] with the plugin corpuskit-huggingface, s3://bucket/folder, or that
    of another object store. On the Hub everything is one commit: the manifest, the shards and a dataset card,
    which is README.md of the folder if it is there. Every byte is checked on the way. The same corpus again
    changes nothing.
    """
    from corpuskit.cli import render
    from corpuskit.inspect.publishing import published
    from corpuskit.terminal.progress_bars import ProgressBars

    with ProgressBars(quiet=quiet) as bars:
        there, made = published(corpus, place, overwrite=overwrite, private=private, on_progress=bars)
    if as_json:
        render.print_json({"path": str(there.path), "made": made, "fingerprint": there.fingerprint})
        return
    if not quiet:
        render.say(f"Published {there.manifest.dataset}." if made else "The same corpus is there already.")
    render.print_text(str(there.path))
