"""corpuskit select."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from corpuskit.cli import complete
from corpuskit.cli.deriving import field_option, make, output_options, shard_bytes_option
from corpuskit.cli.help import Command
from corpuskit.cli.options import UserPath, corpus_argument, option

_RANGE = re.compile(r"\s*([0-9]{1,18})(?:\s*-\s*([0-9]{1,18}))?\s*")
#: A file of numbers has at most so many bytes: a hundred million of them.
_MAX_BYTES = 2**30


@click.command(
    "select",
    cls=Command,
    examples=(
        "corpuskit select data/pages/gpt2 --numbers 0,17,40-99 -o data/some/gpt2",
        "corpuskit select data/pages/gpt2 --numbers-from chosen.txt -o data/chosen/gpt2",
        "corpuskit select data/pages/gpt2 --ids good.txt --split valid -o data/good/gpt2",
    ),
)
@corpus_argument
@option(
    "--numbers",
    metavar="N,N-N",
    help="Take the documents of these numbers, from 0. By default another option says which.",
)
@option(
    "--numbers-from",
    metavar="FILE",
    type=UserPath(dir_okay=False),
    help="Take the documents whose numbers are in this file, one a line. "
    "By default another option says which.",
)
@option(
    "--ids",
    metavar="FILE",
    type=UserPath(dir_okay=False),
    help="Take the documents whose ids are in this file, one a line. By default another option says which.",
)
@field_option
@option(
    "--where",
    metavar="EXPR",
    help="Take documents for which this condition is true, as in SQL. By default another option says which.",
)
@option(
    "--split",
    metavar="NAME",
    default="train",
    show_default=True,
    shell_complete=complete.of_corpus,
    help="The split that they are of; the others are left out.",
)
@shard_bytes_option
@output_options
def command(
    corpus: str,
    numbers: str | None,
    numbers_from: str | None,
    ids: str | None,
    field: str,
    where: str | None,
    split: str,
    shard_bytes: str | None,
    output: str,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a corpus of some documents of a split of CORPUS, in the order that they have there.

    Say which by exactly one of --numbers, --numbers-from, --ids and --where.
    """
    from corpuskit.corpus import open_corpus
    from corpuskit.corpus.id_lists import id_list
    from corpuskit.corpus.new_folder import shard_size
    from corpuskit.corpus.select import select
    from corpuskit.derivation.filtering import Conditions, Filter

    if sum(one is not None for one in (numbers, numbers_from, ids, where)) != 1:
        raise click.UsageError("give one of --numbers, --numbers-from, --ids and --where")
    opened = open_corpus(corpus)
    if ids is not None:
        conditions = Conditions(only=id_list(ids, field))
    elif where is not None:
        conditions = Conditions(where=where)
    else:
        text, what = (numbers, "--numbers") if numbers is not None else _read(numbers_from or "")
        chosen = [*_numbers(text, what, opened[split].num_documents)]
        conditions = Conditions(selection=select(opened[split], numbers=chosen))
    derivation = Filter(opened, conditions, splits=[split], shard_bytes=shard_size(shard_bytes))
    make(derivation, output, overwrite=overwrite, as_json=as_json, quiet=quiet)


def _read(path: str) -> tuple[str, str]:
    """The text of a file of numbers, commas for its ends of lines, and what to call it in errors."""
    from corpuskit import reading
    from corpuskit.errors import StorageError
    from corpuskit.paths import user_path

    place = user_path(path, what="--numbers-from")
    try:
        data = reading.read_named(place, max_bytes=_MAX_BYTES)
    except OSError as error:
        raise StorageError(
            f"--numbers-from {place}: cannot be read: {error.strerror or error}; name a text file of numbers",
            path=place,
        ) from error
    return ",".join(data.decode("utf-8", "replace").split()), f"--numbers-from {place}"


def _numbers(text: str, what: str, num_documents: int) -> Iterator[int]:
    """The numbers that a list of numbers and ranges says."""
    from corpuskit.errors import ConfigError

    for part in filter(None, text.split(",")):
        found = _RANGE.fullmatch(part)
        if found is None:
            raise ConfigError(
                f"{what}: expected numbers of documents such as 0,17,40-99, found {part!r:.40}; write others",
                found=part,
            )
        first, last = int(found[1]), int(found[2] or found[1])
        if max(first, last) >= num_documents:
            raise ConfigError(
                f"{what}: expected documents of the split, 0 to {num_documents - 1:,}, found "
                f"{max(first, last):,}; choose others",
                expected=num_documents,
                found=max(first, last),
            )
        yield from range(first, last + 1)
