"""corpuskit show."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli import complete
from corpuskit.cli.help import Command
from corpuskit.cli.options import Name, UserPath, encoding_option, json_option, option
from corpuskit.cli.said import as_flags, in_file
from corpuskit.cli.show_chat import CHAT_FLAGS, chat_options, show_chat

if TYPE_CHECKING:
    from corpuskit.batches.order import Order
    from corpuskit.config import BatchConfig
    from corpuskit.corpus import Corpus, Split
    from corpuskit.inspect.excerpts import Excerpt
    from corpuskit.inspect.spelling import Speller
    from corpuskit.terminal.token_lines import Look, Token

#: Characters of a kept field's value that are shown.
_FIELD_CHARACTERS = 200


@click.command(
    "show",
    cls=Command,
    examples=(
        "corpuskit show data/tinyshakespeare/gpt2 --at 0 --tokens 32",
        "corpuskit show data/tinyshakespeare/gpt2 --document 0 --ids",
        "corpuskit show data/stories/gpt2 --random",
        "corpuskit show data/stories/gpt2 --grep '(?i)once upon' --max 3",
        "corpuskit show data/tinyshakespeare/gpt2 --step 7 --batch-size 4 --block-size 32",
        "corpuskit show data/chats/gpt2 --chat --document 3",
        "corpuskit show chats.jsonl --chat --encoding gpt2 --template chatml --add-tokens",
    ),
)
@click.argument("corpus", type=UserPath(), metavar="CORPUS")
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
    help="Show so many tokens; with --grep, so many of each document.",
)
@option(
    "--document",
    type=click.IntRange(min=0),
    metavar="N",
    group="Documents",
    help="Show the whole document of this number, counted from 0. By default tokens are shown.",
)
@option(
    "--random",
    "at_random",
    is_flag=True,
    group="Documents",
    help="Show a random document; --seed makes it the same one again.",
)
@option(
    "--grep",
    metavar="PATTERN",
    group="Documents",
    help="Show the documents in whose text this regular expression matches, each around its first match; "
    "(?i) in front of it ignores case. By default tokens are shown.",
)
@option(
    "--max",
    "most",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    group="Documents",
    help="Stop after so many documents that match, or so many conversations.",
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
@option("--seed", type=int, metavar="N", group="A batch", help="Draw by this seed. [default: 0]")
@option(
    "--mask",
    "documents",
    flag_value="mask",
    default=None,
    group="A batch",
    help='Dim tokens whose target belongs to another document and is masked, as documents="mask" does.',
)
@chat_options
@option(
    "--config",
    metavar="FILE",
    type=UserPath(),
    help="Take the batches' options from this TOML file; flags win over it. By default there is none.",
)
@encoding_option
@option("--ids", is_flag=True, help="Print ids instead of text; where borders are drawn, under their tokens.")
@option(
    "--borders",
    is_flag=True,
    help="Draw borders of tokens by a character too; a pipe and NO_COLOR have no others.",
)
@option("--no-pager", is_flag=True, help="Write to the terminal at once, however long it gets.")
@json_option
def command(
    corpus: str,
    document: int | None,
    at_random: bool,
    step: int | None,
    config: str | None,
    encoding: str | None,
    ids: bool,
    borders: bool,
    no_pager: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Decode some tokens of a corpus, documents of it, or a training batch.

    A terminal shows tokens in colours that take turns, and a rule before each document. A pipe gets plain
    text. With --chat, CORPUS may also be files that are not prepared yet.
    """
    from corpuskit.batches.order import decode_rows, names_in
    from corpuskit.cli import render
    from corpuskit.config import BatchConfig
    from corpuskit.corpus import open_corpus
    from corpuskit.inspect import excerpts
    from corpuskit.terminal.pager import page
    from corpuskit.terminal.token_lines import Look

    _check_one_kind(click.get_current_context(), flags)
    at, count, grep, most = (flags.pop(name) for name in ("at", "tokens", "grep", "most"))
    chat = {name: flags.pop(name) for name in CHAT_FLAGS}
    if chat.pop("chat"):
        show_chat(
            corpus,
            {"split": flags["split"], "encoding": encoding, **chat},
            document=document,
            at_random=at_random,
            seed=flags["seed"],
            most=most,
            as_json=as_json,
            paged=not no_pager,
        )
        return
    seed = flags["seed"]
    values = in_file(config, BatchConfig, flags)
    drawn = BatchConfig.make({"batch_size": 4, "block_size": 64}, values, as_flags(flags))
    opened = open_corpus(corpus, encoding=encoding)
    split = opened[drawn.split]
    decode: Callable[[Any], str] = opened.decode
    names: Mapping[int, str] = {}
    if step is not None:
        order, shown = _batch(opened, drawn, step)
        decode, names = functools.partial(decode_rows, order), names_in(order)
    elif grep is not None:
        shown = _matches(opened, split, grep, most, count)
    elif at_random or document is not None:
        number = excerpts.random_number(split, seed) if document is None else document
        shown = [excerpts.of_document(split, number)]
    else:
        shown = [excerpts.of_tokens(split, at, count)]
    if as_json:
        render.print_json([one.to_json(decode(one.all_ids())) for one in shown])
        return
    look = Look.of_stdout(borders=borders, ids=ids)
    drawing = _plain(shown, decode, ids=ids) if look.is_plain else _drawn(opened, shown, names, look)
    page(drawing, paged=not no_pager)
    if at_random and look.is_plain:
        number = shown[0].pieces[0].document
        render.say(f"document {number:,} of {split.num_documents:,}; --document {number} shows it again")


def _check_one_kind(ctx: click.Context, flags: dict[str, Any]) -> None:
    """Refuse flags that say nothing about what is shown: tokens, documents or a batch."""
    names = {name: name for name in ("at", "tokens", "document", "grep", "step")} | {"at_random": "random"}
    if flags["chat"]:
        names |= {"ids": "ids", "borders": "borders", "chat": "chat"}
    said = [flag for name, flag in names.items() if _is_said(ctx, name)]
    kinds = {("tokens" if flag == "at" else flag): f"--{flag}" for flag in said}
    if "grep" in kinds and "at" not in said:
        kinds.pop("tokens", None)  # of each document, then
    if "chat" in kinds and len(kinds) == 2 and {"document", "random"} & {*kinds}:
        kinds.pop("chat")  # of which documents
    if len(kinds) > 1:
        raise click.UsageError(f"{' and '.join(kinds.values())} exclude each other")
    about = ("batch_size", "block_size", "sampler", "documents", "seed")
    batch = [name for name in about if flags[name] is not None and not (name == "seed" and "random" in said)]
    if batch and "step" not in said:
        flag = "mask" if batch[0] == "documents" else batch[0].replace("_", "-")
        raise click.UsageError(f"--{flag} is about a batch; say which with --step")
    if _is_said(ctx, "most") and not {"grep", "chat"} & {*said}:
        raise click.UsageError("--max is about documents that match; say what with --grep")
    of_files = [name for name in CHAT_FLAGS[1:] if _is_said(ctx, name)]
    if of_files and not flags["chat"]:
        flag = of_files[0].replace("_", "-").removesuffix("s" if of_files[0] == "reader_options" else "")
        raise click.UsageError(f"--{flag} is about files that are shown with --chat")


def _is_said(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def _batch(corpus: Corpus, config: BatchConfig, step: int) -> tuple[Order, list[Excerpt]]:
    """The rows of a batch, all ranks' of them, and the order that they are of."""
    from corpuskit.inspect import excerpts

    whole: dict[str, Any] = {
        "output": "numpy",
        "device": None,
        "resident": False,
        "rank": 0,
        "world_size": 1,
    }
    batches = corpus.batches(config=config, **whole)
    traced = batches.trace(step)
    batches.seek(step=step)
    return batches.order, [*excerpts.of_batch(traced, batches.block_size)]


def _matches(corpus: Corpus, split: Split, grep: str, most: int, count: int) -> list[Excerpt]:
    """The first documents that match."""
    import itertools
    import re

    from corpuskit.cli import render
    from corpuskit.inspect import excerpts
    from corpuskit.inspect.grep import find_documents
    from corpuskit.terminal.progress_bars import ProgressBars

    try:
        pattern = re.compile(grep)
    except re.error as error:
        raise click.UsageError(f"--grep {grep!r}: no regular expression: {error}") from error
    records = corpus.manifest.splits[split.name].shards
    with ProgressBars() as bars:
        found = [*itertools.islice(find_documents(split, records, pattern, on_progress=bars), most)]
    if not found:
        render.say(f"no document of split {split.name!r} matches {grep!r}")
    return [excerpts.of_match(split, match, count) for match in found]


def _plain(shown: list[Excerpt], decode: Callable[[list[int]], str], *, ids: bool) -> Iterator[str]:
    from corpuskit.cli import render
    from corpuskit.terminal.text import one_line

    for one in shown:
        if one.title:
            yield f"--- {one_line(one.title)}\n"
        numbers = one.all_ids()
        yield render.printed(" ".join(map(str, numbers)) if ids else decode(numbers))


def _drawn(corpus: Corpus, shown: list[Excerpt], names: Mapping[int, str], look: Look) -> Iterator[str]:
    """Tokens with their borders, each document under a rule."""
    from corpuskit.inspect import excerpts
    from corpuskit.inspect.spelling import Speller
    from corpuskit.terminal import token_lines

    speller = Speller(corpus.tokenizer, names)
    for one in shown:
        if one.row is not None:
            yield token_lines.rule(f"{one.title}, sample {one.row[1]:,}", look, stroke="━")
        stop = 0
        for piece in one.pieces:
            start, stop = stop, stop + len(piece)
            yield token_lines.rule(excerpts.called(piece, most=(look.columns or 80) - 6), look)
            for name, value in one.fields.items():
                yield token_lines.faint(f"{name}: {value!s:.{_FIELD_CHARACTERS}}", look)
            yield from token_lines.lines(_tokens(one, start, stop, speller), look)
        if one.padding:
            yield token_lines.faint(f"{one.padding:,} of padding", look)


def _tokens(shown: Excerpt, start: int, stop: int, speller: Speller) -> Iterator[Token]:
    from corpuskit.terminal.token_lines import Token

    ids = shown.ids[start:stop]
    found = range(*shown.found) if shown.found is not None else ()
    for place, text in enumerate(speller.texts(ids), start):
        masked = shown.masked is not None and bool(shown.masked[place])
        yield Token(text, int(shown.ids[place]), masked=masked, found=place in found)
