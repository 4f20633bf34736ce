"""corpuskit filter."""

from __future__ import annotations

import click

from corpuskit.cli import complete
from corpuskit.cli.deriving import field_option, make, output_options, shard_bytes_option
from corpuskit.cli.help import Command
from corpuskit.cli.options import Count, UserPath, corpus_argument, option


@click.command(
    "filter",
    cls=Command,
    examples=(
        "corpuskit filter data/pages/gpt2 --exclude banned.txt -o data/clean/gpt2",
        "corpuskit filter data/pages/gpt2 --where \"lang = 'de'\" --min-tokens 16 -o data/de/gpt2",
    ),
)
@corpus_argument
@option(
    "--where",
    metavar="EXPR",
    help="Keep documents for which this condition is true, as in SQL. By default, nothing is asked.",
)
@option(
    "--exclude",
    metavar="FILE",
    type=UserPath(dir_okay=False),
    help="Leave out the documents whose ids are in this file, one a line. By default, none.",
)
@field_option
@option(
    "--min-tokens",
    metavar="COUNT",
    type=Count(),
    help="Keep documents of so many tokens or more, such as 16 or 4K. By default, of any number.",
)
@option(
    "--max-tokens",
    metavar="COUNT",
    type=Count(),
    help="Keep documents of so many tokens or fewer. By default, of any number.",
)
@option(
    "--split",
    "splits",
    multiple=True,
    metavar="NAME",
    shell_complete=complete.of_corpus,
    help="Take this split only; may be repeated. By default all splits are taken.",
)
@shard_bytes_option
@output_options
def command(
    corpus: str,
    where: str | None,
    exclude: str | None,
    field: str,
    min_tokens: int | None,
    max_tokens: int | None,
    splits: tuple[str, ...],
    shard_bytes: str | None,
    output: str,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a corpus of the documents of CORPUS that all conditions hold for.

    Nothing is tokenized again: ids, streams, kept fields and places go along, and every byte is checked on
    the way. The manifest says what was made of what.
    """
    from corpuskit.corpus import open_corpus
    from corpuskit.corpus.id_lists import id_list
    from corpuskit.corpus.new_folder import shard_size
    from corpuskit.derivation.filtering import Conditions, Filter

    conditions = Conditions(
        where=where or "",
        exclude=None if exclude is None else id_list(exclude, field),
        min_tokens=min_tokens,
        max_tokens=max_tokens,
    )
    derivation = Filter(
        open_corpus(corpus), conditions, splits=splits or None, shard_bytes=shard_size(shard_bytes)
    )
    make(derivation, output, overwrite=overwrite, as_json=as_json, quiet=quiet)
