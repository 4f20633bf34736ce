"""corpuskit show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli import complete
from corpuskit.cli.help import Command
from corpuskit.cli.options import Name, UserPath, corpus_argument, json_option, option
from corpuskit.cli.said import as_flags, in_file

if TYPE_CHECKING:
    from corpuskit.corpus import Corpus


@click.command(
    "show",
    cls=Command,
    examples=(
        "corpuskit show data/tinyshakespeare/gpt2 --at 0 --tokens 32",
        "corpuskit show data/tinyshakespeare/gpt2 --document 0 --ids",
        "corpuskit show data/tinyshakespeare/gpt2 --step 7 --batch-size 4 --block-size 32",
    ),
)
@corpus_argument
@option(
    "--split", metavar="NAME", shell_complete=complete.of_corpus, help="Look at this split. [default: train]"
)
@option(
    "--at",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    group="Tokens",
    help="Begin at this token, counted from 0.",
)
@option(
    "--tokens",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    metavar="N",
    group="Tokens",
    help="Show so many tokens.",
)
@option(
    "--document",
    type=click.IntRange(min=0),
    metavar="N",
    group="A document",
    help="Show the whole document of this number, counted from 0. By default tokens are shown.",
)
@option(
    "--step",
    type=click.IntRange(min=0),
    metavar="N",
    group="A batch",
    help="Show the batch of this step, counted from 0. By default tokens are shown.",
)
@option(
    "--batch-size",
    type=int,
    metavar="B",
    group="A batch",
    help="Put so many windows into a batch. [default: 4]",
)
@option(
    "--block-size",
    "--context-length",
    type=int,
    metavar="T",
    group="A batch",
    help="Put so many tokens into a window. [default: 64]",
)
@option(
    "--sampler",
    metavar="NAME",
    type=Name("sampler"),
    group="A batch",
    help="Draw windows by this sampler; 'corpuskit list samplers' shows them. [default: random]",
)
@option("--seed", type=int, metavar="N", group="A batch", help="Draw windows by this seed. [default: 0]")
@option(
    "--config",
    metavar="FILE",
    type=UserPath(),
    help="Take the batches' options from this TOML file; flags win over it. By default there is none.",
)
@option(
    "--encoding",
    metavar="NAME",
    type=Name("tokenizer"),
    help="Decode with this tokenizer, where the corpus holds its name only. By default the corpus knows it.",
)
@option("--ids", is_flag=True, help="Print ids instead of text.")
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
    """Decode some tokens of a corpus, a document of it, or a training batch."""
    from corpuskit.cli import render
    from corpuskit.config import BatchConfig
    from corpuskit.corpus import open_corpus
    from corpuskit.errors import ConfigError

    _check_one_kind(click.get_current_context(), flags)
    values = in_file(config, BatchConfig, flags)
    drawn = BatchConfig.make({"batch_size": 4, "block_size": 64}, values, as_flags(flags))
    opened, split = open_corpus(corpus, encoding=encoding), drawn.split
    stream = opened[split]
    if step is not None:
        whole: dict[str, Any] = {
            "output": "numpy",
            "device": None,
            "resident": False,
            "rank": 0,
            "world_size": 1,
        }
        rows = opened.batches(config=drawn, **whole)[step][0].tolist()
    elif document is not None:
        if document >= stream.num_documents:
            raise ConfigError(
                f"--document {document}: split {split!r} has {stream.num_documents:,} documents"
            )
        rows = [stream.document(document).tolist()]
    else:
        if not len(stream):
            raise ConfigError(f"split {split!r} is empty; choose another with --split")
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
