"""corpuskit reshard."""

from __future__ import annotations

import click

from corpuskit.cli.deriving import make, output_options
from corpuskit.cli.help import Command
from corpuskit.cli.options import corpus_argument, option


@click.command(
    "reshard",
    cls=Command,
    examples=("corpuskit reshard data/pages/gpt2 --shard-bytes 64M -o data/small/gpt2",),
)
@corpus_argument
@option(
    "--shard-bytes",
    metavar="SIZE",
    required=True,
    help="Begin another shard after so many bytes of ids, such as 64M.",
)
@output_options
def command(corpus: str, shard_bytes: str, output: str, overwrite: bool, as_json: bool, quiet: bool) -> None:
    """Make a corpus of the tokens of CORPUS in shards of another size."""
    from corpuskit.corpus import open_corpus
    from corpuskit.corpus.new_folder import shard_size
    from corpuskit.derivation.resharding import Reshard

    derivation = Reshard(open_corpus(corpus), shard_size(shard_bytes) or 0)
    make(derivation, output, overwrite=overwrite, as_json=as_json, quiet=quiet)
