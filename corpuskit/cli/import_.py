"""corpuskit import."""

from __future__ import annotations

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import Name, UserPath, json_option, option, quiet_option


@click.command(
    "import",
    cls=Command,
    examples=(
        "corpuskit import nanoGPT/data/mine --format nanogpt --name mine --encoding gpt2",
        "corpuskit import ds --format datatrove --name web --encoding gpt2 -o data/web/gpt2",
    ),
    instead="name the folder of the files",
)
@click.argument("path", metavar="PATH", type=UserPath())
@option(
    "--format",
    "format_name",
    metavar="NAME",
    type=Name("format"),
    required=True,
    help="Read this format; 'corpuskit list formats' shows them.",
)
@option("--name", metavar="NAME", required=True, help="Call the corpus this.")
@option(
    "--encoding",
    metavar="NAME",
    type=Name("tokenizer"),
    required=True,
    help="The tokenizer that made the ids: no token file says it.",
)
@option(
    "--added-token",
    "added_tokens",
    multiple=True,
    metavar="NAME",
    help="The control token of the next id behind the vocabulary's last one; may be repeated. By default an "
    "export.json beside the files says it.",
)
@option(
    "--vocabulary-from",
    metavar="FILE",
    type=UserPath(dir_okay=False),
    help="The text that the vocabulary was made of, for chars. By default an export.json beside the files "
    "says it.",
)
@option(
    "-o",
    "--output",
    metavar="PATH",
    type=UserPath(file_okay=False),
    help="Write this folder. By default it is data/NAME/ENCODING.",
)
@option(
    "--dtype",
    metavar="TYPE",
    type=click.Choice(["uint8", "uint16", "uint32", "uint64", "int32", "int64"]),
    help="The type of an id, where files do not say it. By default it is what the vocabulary needs.",
)
@option(
    "--documents",
    type=click.Choice(["auto", "end", "start", "none"]),
    default="auto",
    help="Where documents end in layouts that do not say it: after each end-of-text id (end), before it "
    "(start), or nowhere (none). By default it is start if the first id of all is one, else end.",
)
@option(
    "--split",
    metavar="NAME",
    default="train",
    help="The split of files whose names do not say train, valid or test. By default it is train.",
)
@option(
    "--shard-bytes",
    metavar="SIZE",
    default="1G",
    help="The largest shard in bytes, such as 512M. By default it is 1G.",
)
@option("--overwrite", is_flag=True, help="Replace a corpus that is there. By default that is an error.")
@json_option
@quiet_option
def command(
    path: str,
    format_name: str,
    name: str,
    encoding: str,
    added_tokens: tuple[str, ...],
    vocabulary_from: str | None,
    output: str | None,
    dtype: str | None,
    documents: str,
    split: str,
    shard_bytes: str,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a corpus of another trainer's token files, PATH.

    PATH is a file or the folder of the files, which stay as they are. Every id is compared with the
    tokenizer's vocabulary. The corpus appears whole or not at all.
    """
    from typing import Any, cast

    from corpuskit.cli import render
    from corpuskit.formats.importing import import_tokens
    from corpuskit.terminal.progress_bars import ProgressBars

    with ProgressBars(quiet=quiet) as bars:
        corpus = import_tokens(
            path,
            format_name,
            name=name,
            encoding=encoding,
            added_tokens=added_tokens,
            vocabulary_from=vocabulary_from,
            output=output,
            dtype=dtype,
            documents=cast(Any, documents),
            split=split,
            shard_bytes=shard_bytes,
            overwrite=overwrite,
            on_progress=bars,
        )
    counts = {name: len(stream) for name, stream in corpus.items()}
    if as_json:
        render.print_json(
            {
                "path": str(corpus.path),
                "format": format_name,
                "fingerprint": corpus.fingerprint,
                "splits": counts,
                "documents": {name: stream.num_documents for name, stream in corpus.items()},
            }
        )
        return
    if not quiet:
        tokens = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        documents_found = sum(stream.num_documents for stream in corpus.values())
        noun = "document" if documents_found == 1 else "documents"
        render.say(f"Imported {tokens} tokens in {documents_found:,} {noun} ({encoding}).")
    render.print_text(str(corpus.path))
