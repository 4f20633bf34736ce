"""corpuskit export."""

from __future__ import annotations

import click

from corpuskit.cli import complete
from corpuskit.cli.help import Command
from corpuskit.cli.options import Name, UserPath, corpus_argument, json_option, option, quiet_option


@click.command(
    "export",
    cls=Command,
    examples=(
        "corpuskit export data/tinyshakespeare/gpt2 --format nanogpt -o nanoGPT/data/mine",
        "corpuskit export data/tinyshakespeare/chars --format nanogpt --meta -o nanoGPT/data/chars",
    ),
)
@corpus_argument
@option(
    "--format",
    "format_name",
    metavar="NAME",
    type=Name("format"),
    required=True,
    help="Write this format; 'corpuskit list formats' shows them.",
)
@option(
    "-o",
    "--output",
    metavar="PATH",
    type=UserPath(file_okay=False),
    required=True,
    help="Write this folder, or this URL in an object store.",
)
@option(
    "--split",
    "splits",
    multiple=True,
    metavar="NAME",
    shell_complete=complete.of_corpus,
    help="Write this split only; may be repeated. By default all splits are written.",
)
@option(
    "--shard-tokens",
    metavar="N",
    help="Put at most so many tokens into a file, such as 100M. By default the format decides.",
)
@option(
    "--block-size",
    type=int,
    metavar="T",
    help="Make the files for rows of so many tokens; litdata and mds need it. By default files have no rows.",
)
@option(
    "--end-of-text-first",
    is_flag=True,
    help="Put the end-of-text id in front of each document. By default it is where the corpus has it.",
)
@option(
    "--bos-index",
    is_flag=True,
    help="Beside each file, write where documents begin in it. By default there are the files alone.",
)
@option("--text", is_flag=True, help="Write the documents' text. By default their ids are written.")
@option(
    "--meta",
    is_flag=True,
    help="Describe the vocabulary too, in nanoGPT's meta.pkl, which is a pickle. By default none is written.",
)
@option(
    "--link",
    is_flag=True,
    help="Make a file that would be a copy of a shard a hard link to it; never write into it. By default it "
    "is a copy.",
)
@option("--overwrite", is_flag=True, help="Replace an export that is there. By default that is an error.")
@json_option
@quiet_option
def command(
    corpus: str,
    format_name: str,
    output: str,
    splits: tuple[str, ...],
    shard_tokens: str | None,
    block_size: int | None,
    end_of_text_first: bool,
    bos_index: bool,
    text: bool,
    meta: bool,
    link: bool,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write CORPUS in another trainer's format.

    Every byte of the corpus is checked on the way. The folder appears whole or not at all, with an
    export.json that says what it was made of. In an object store, export.json comes last.
    """
    from corpuskit.cli import render
    from corpuskit.corpus import open_corpus
    from corpuskit.formats.opening import open_format
    from corpuskit.formats.options import export_options
    from corpuskit.terminal.progress_bars import ProgressBars

    options = export_options(
        shard_tokens=shard_tokens,
        block_size=block_size,
        end_of_text_first=end_of_text_first,
        bos_index=bos_index,
        text=text,
        meta=meta,
        link=link,
    )
    opened, trainer_format = open_corpus(corpus), open_format(format_name)
    made = overwrite or trainer_format.find(opened, output, splits=splits or None, options=options) is None
    with ProgressBars(quiet=quiet) as bars:
        files = trainer_format.write(
            opened,
            output,
            splits=splits or None,
            options=options,
            overwrite=overwrite,
            on_progress=bars,
        )
    counts = {name: len(opened[name]) for name in (splits or opened)}
    if as_json:
        names = [str(file) for file in files]
        render.print_json(
            {
                "path": str(files[-1]).removesuffix("/export.json"),
                "format": format_name,
                "made": made,
                "splits": counts,
                "files": names,
            }
        )
        return
    if made and not quiet:
        tokens = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        render.say(f"Exported {tokens} tokens ({format_name}).")
    for file in files:
        render.print_text(str(file))
