"""corpuskit show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.options import corpus_argument, json_option

if TYPE_CHECKING:
    from corpuskit.corpus import Corpus


@click.command("show")
@corpus_argument
@click.option("--split", default="train", show_default=True, help="The split to look at.")
@click.option("--at", type=click.IntRange(min=0), default=0, show_default=True, help="The first token.")
@click.option("--tokens", type=click.IntRange(min=1), default=256, show_default=True, help="How many.")
@click.option("--document", type=click.IntRange(min=0), help="A whole document, by number.")
@click.option("--step", type=click.IntRange(min=0), help="The batch of this step.")
@click.option("--batch-size", type=click.IntRange(min=1), default=4, show_default=True)
@click.option("--block-size", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--sampler", default="random", show_default=True)
@click.option("--seed", type=int, default=2024, show_default=True)
@click.option("--ids", is_flag=True, help="Print ids instead of text.")
@json_option
def command(
    corpus: str,
    split: str,
    at: int,
    tokens: int,
    document: int | None,
    step: int | None,
    ids: bool,
    as_json: bool,
    **batch: Any,
) -> None:
    """Decode some tokens of a corpus, a document of it, or a training batch.

    \b
    corpuskit show data/tinyshakespeare/gpt2 --at 0 --tokens 32
    corpuskit show data/tinyshakespeare/gpt2 --step 7 --batch-size 4 --block-size 32
    """  # noqa: D301 - click reads the \b
    from corpuskit.cli import render
    from corpuskit.corpus import open_corpus
    from corpuskit.errors import ConfigError

    opened = open_corpus(corpus)
    stream = opened[split]
    if step is not None:
        rows = opened.batches(split, output="numpy", **batch)[step][0].tolist()
    elif document is not None:
        if document >= stream.num_documents:
            raise ConfigError(
                f"--document {document}: split {split!r} has {stream.num_documents:,} documents"
            )
        rows = [stream.document(document).tolist()]
    else:
        if at >= len(stream):
            raise ConfigError(f"--at {at}: split {split!r} has {len(stream):,} tokens")
        rows = [stream[at : at + tokens].tolist()]
    if as_json:
        render.print_json([{"ids": row, "text": opened.decode(row)} for row in rows])
    else:
        _print(opened, rows, numbered=step is not None, ids=ids)


def _print(corpus: Corpus, rows: list[list[int]], *, numbered: bool, ids: bool) -> None:
    from corpuskit.cli import render

    for number, row in enumerate(rows):
        text = " ".join(map(str, row)) if ids else corpus.decode(row)
        if numbered:
            click.echo(f"--- row {number}")
        render.print_text(text)
