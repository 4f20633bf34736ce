"""corpuskit concat."""

from __future__ import annotations

import click

from corpuskit.cli.deriving import make, output_options
from corpuskit.cli.help import Command
from corpuskit.cli.options import UserPath, option


@click.command(
    "concat",
    cls=Command,
    examples=("corpuskit concat data/news/gpt2 data/pages/gpt2 -o data/both/gpt2",),
)
@click.argument("corpora", nargs=-1, required=True, type=UserPath(file_okay=False), metavar="CORPUS...")
@option("--name", metavar="NAME", help="Call it this. By default it has the names of all, with + between.")
@output_options
def command(
    corpora: tuple[str, ...], name: str | None, output: str, overwrite: bool, as_json: bool, quiet: bool
) -> None:
    """Make one corpus of several, one after another, split by split.

    Their tokenizers must be the same. Shards stay as they are; streams and kept fields are united.
    """
    from corpuskit.corpus import open_corpus
    from corpuskit.derivation.joining import Concat

    derivation = Concat([open_corpus(corpus) for corpus in corpora], dataset=name)
    make(derivation, output, overwrite=overwrite, as_json=as_json, quiet=quiet)
