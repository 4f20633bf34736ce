"""corpuskit show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.options import UserPath, corpus_argument, json_option

if TYPE_CHECKING:
    from corpuskit.corpus import Corpus


@click.command("show")
@corpus_argument
@click.option("--split", help="The split to look at. [default: train]")
@click.option("--at", type=click.IntRange(min=0), default=0, show_default=True, help="The first token.")
@click.option("--tokens", type=click.IntRange(min=1), default=256, show_default=True, help="How many.")
@click.option("--document", type=click.IntRange(min=0), help="A whole document, by number.")
@click.option("--step", type=click.IntRange(min=0), help="The batch of this step.")
@click.option("--batch-size", type=int, help="Windows in a batch. [default: 4]")
@click.option("--block-size", "--context-length", type=int, help="Tokens in a window. [default: 64]")
@click.option("--sampler", help="Which windows are drawn. [default: random]")
@click.option("--seed", type=int, help="[default: 0]")
@click.option("--config", type=UserPath(), help="Batches from a TOML file; flags win.")
@click.option("--encoding", help="The tokenizer, where the corpus holds its name only.")
@click.option("--ids", is_flag=True, help="Print ids instead of text.")
@json_option
def command(
    corpus: str,
    at: int,
    tokens: int,
    document: int | None,
    step: int | None,
    config: str | None,
    encoding: str | None,
    ids: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Decode some tokens of a corpus, a document of it, or a training batch.

    \b
    corpuskit show data/tinyshakespeare/gpt2 --at 0 --tokens 32
    corpuskit show data/tinyshakespeare/gpt2 --step 7 --batch-size 4 --block-size 32
    """  # noqa: D301 - click reads the \b
    from corpuskit.cli import render
    from corpuskit.config import BatchConfig, read_toml
    from corpuskit.corpus import open_corpus
    from corpuskit.errors import ConfigError

    _check_one_kind(click.get_current_context(), flags)
    values = read_toml(config, BatchConfig) if config is not None else {}
    drawn = BatchConfig.make({"batch_size": 4, "block_size": 64}, values, flags)
    opened, split = open_corpus(corpus, encoding=encoding), drawn.split
    stream = opened[split]
    if step is not None:
        rows = opened.batches(config=drawn, output="numpy", device=None)[step][0].tolist()
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


def _check_one_kind(ctx: click.Context, flags: dict[str, Any]) -> None:
    """Refuse flags that say nothing about what is shown: tokens, a document or a batch."""
    said = [name for name in ("at", "tokens", "document", "step") if _is_said(ctx, name)]
    batch = [name for name in ("batch_size", "block_size", "sampler", "seed") if flags[name] is not None]
    kinds = {("tokens" if name == "at" else name): f"--{name}" for name in said}
    if len(kinds) > 1:
        raise click.UsageError(f"{' and '.join(kinds.values())} exclude each other")
    if batch and "step" not in said:
        flag = batch[0].replace("_", "-")
        raise click.UsageError(f"--{flag} is about a batch; say which with --step")


def _is_said(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def _print(corpus: Corpus, rows: list[list[int]], *, numbered: bool, ids: bool) -> None:
    from corpuskit.cli import render

    for number, row in enumerate(rows):
        text = " ".join(map(str, row)) if ids else corpus.decode(row)
        if numbered:
            click.echo(f"--- row {number}")
        render.print_text(text)
