"""What commands share that make a corpus of corpora."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from corpuskit.cli.options import UserPath, json_option, option, quiet_option

if TYPE_CHECKING:
    from corpuskit.derivation.making import Derivation

F = TypeVar("F", bound=Callable[..., Any])


def shard_bytes_option(function: F) -> F:
    """`--shard-bytes`: how large shards get."""
    text = "Begin another shard after so many bytes of ids. By default, shards are as large as CORPUS's."
    return option("--shard-bytes", metavar="SIZE", help=text)(function)


def field_option(function: F) -> F:
    """`--field`: what the ids of a file are values of."""
    text = "The kept field that the ids are of."
    return option("--field", metavar="NAME", default="id", show_default=True, help=text)(function)


def output_options(function: F) -> F:
    """`--output` and what is said of it, `--json` and `--quiet`."""
    replace = "Replace a corpus that is there. By default that is an error."
    where = option(
        "-o",
        "--output",
        metavar="PATH",
        type=UserPath(file_okay=False),
        required=True,
        help="Write this folder.",
    )
    return where(option("--overwrite", is_flag=True, help=replace)(json_option(quiet_option(function))))


def make(
    derivation: Derivation,
    output: str | os.PathLike[str],
    *,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make the corpus of a derivation, and say what it is.

    Args:
        derivation: What is made of what.
        output: The folder to be.
        overwrite: Whether a corpus that is there may be replaced.
        as_json: Print JSON.
        quiet: Say nothing on stderr.
    """
    from corpuskit.cli import render
    from corpuskit.derivation.making import derive
    from corpuskit.terminal.progress_bars import ProgressBars

    with ProgressBars(quiet=quiet) as bars:
        outcome = derive(derivation, output, overwrite=overwrite, on_progress=bars)
    corpus = outcome.corpus
    if as_json:
        splits = {
            name: {"num_tokens": split.num_tokens, "num_documents": split.num_documents}
            for name, split in corpus.items()
        }
        render.print_json(
            {
                "path": str(corpus.path),
                "made": outcome.made,
                "fingerprint": corpus.fingerprint,
                "splits": splits,
                "left_out": corpus.manifest.left_out,
            }
        )
        return
    if outcome.made and not quiet:
        words = [
            f"{split.num_tokens:,} {name} tokens of {split.num_documents:,} "
            f"document{'' if split.num_documents == 1 else 's'}"
            for name, split in corpus.items()
        ]
        render.say(f"Made {', '.join(words)}.")
    render.print_text(str(corpus.path))


__all__ = ["make", "output_options", "shard_bytes_option"]
