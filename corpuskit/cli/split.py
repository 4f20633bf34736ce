"""corpuskit split."""

from __future__ import annotations

import click

from corpuskit.cli import complete
from corpuskit.cli.deriving import make, output_options, shard_bytes_option
from corpuskit.cli.help import Command
from corpuskit.cli.options import corpus_argument, option


@click.command(
    "split",
    cls=Command,
    examples=("corpuskit split data/pages/gpt2 valid=0.01,test=0.01 -o data/divided/gpt2",),
    instead="write the shares as one word, such as valid=0.01,test=0.01",
)
@corpus_argument
@click.argument("shares", metavar="NAME=SHARE,...")
@option(
    "--of",
    metavar="NAME",
    default="train",
    show_default=True,
    shell_complete=complete.of_corpus,
    help="Take them from this split.",
)
@shard_bytes_option
@output_options
def command(
    corpus: str,
    shares: str,
    of: str,
    shard_bytes: str | None,
    output: str,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a corpus in which shares of a split of CORPUS are splits of their own.

    The hash of its ids and of the new split's name decides where a document goes, so equal documents go to
    the same split.
    """
    from corpuskit.corpus import open_corpus
    from corpuskit.corpus.new_folder import shard_size
    from corpuskit.derivation.splitting import Divide, shares_of

    derivation = Divide(open_corpus(corpus), shares_of(shares), of=of, shard_bytes=shard_size(shard_bytes))
    make(derivation, output, overwrite=overwrite, as_json=as_json, quiet=quiet)
