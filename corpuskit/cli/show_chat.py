"""corpuskit show --chat: conversations with their masks, of a corpus or of files that are not prepared."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from corpuskit.cli.options import Name, option, pairs

if TYPE_CHECKING:
    from corpuskit.inspect.masks import MaskedDocument
    from corpuskit.terminal.token_lines import Look
    from corpuskit.tokenizers.base import Tokenizer

F = TypeVar("F", bound=Callable[..., Any])

#: What only files need that are not prepared, by the names of parameters, behind the flag itself.
CHAT_FLAGS = (
    *("chat", "format", "template", "train_on", "reader_options", "on_bad_document"),
    "add_tokens",
)
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    option(
        "--chat",
        is_flag=True,
        group="Conversations",
        help="Show documents with what is to be learned of them: the first ones, or --document N. CORPUS may "
        "be files that are not prepared yet.",
    ),
    option(
        "--format",
        metavar="NAME",
        type=Name("reader"),
        group="Conversations",
        help="Read files as this format. [default: chat]",
    ),
    option(
        "--template",
        metavar="NAME",
        type=Name("template"),
        group="Conversations",
        help="Write the conversations of files by this template. [default: chatml]",
    ),
    option(
        "--train-on",
        type=click.Choice(["assistant", "last", "all"]),
        group="Conversations",
        help="Learn of the conversations of files what the assistant writes, its last message alone, or "
        "everything. [default: assistant]",
    ),
    option(
        "--reader-option",
        "reader_options",
        multiple=True,
        metavar="KEY=VALUE",
        callback=pairs,
        group="Conversations",
        help="Set a further option of the reader of files; may be repeated. By default a reader has its own "
        "values.",
    ),
    option(
        "--on-bad-document",
        type=click.Choice(["error", "skip"]),
        group="Conversations",
        help="Stop at a conversation of files that cannot be read, or leave it out. [default: error]",
    ),
    option(
        "--add-tokens",
        is_flag=True,
        default=None,
        group="Conversations",
        help="Give control tokens that the tokenizer of files lacks ids behind its last one. By default that "
        "is an error.",
    ),
)


def chat_options(function: F) -> F:
    """`--chat`, and what is said about files that are shown with it."""
    for declared in reversed(_OPTIONS):
        function = declared(function)
    return function


def show_chat(
    corpus: str,
    said: Mapping[str, Any],
    *,
    document: int | None,
    at_random: bool,
    seed: int | None,
    most: int,
    as_json: bool,
    paged: bool,
) -> None:
    """Print conversations of a corpus, or of files, with their masks.

    Args:
        corpus: The corpus, or a file or a pattern of files.
        said: The split, the encoding, and what is said about files, as it was typed.
        document: The number of the one to show; None for the first ones.
        at_random: Whether to show a random one.
        seed: By which it is the same one each time.
        most: How many to show at most.
        as_json: Whether to print JSON.
        paged: Whether a pager may be used.
    """
    from corpuskit.cli import render
    from corpuskit.terminal.pager import page
    from corpuskit.terminal.token_lines import Look

    of_files = {name: value for name, value in said.items() if name not in ("split", "encoding")}
    if _are_files(corpus) or any(value is not None for value in of_files.values()):
        if said["split"] is not None or at_random:
            flag = "--random" if at_random else "--split"
            raise click.UsageError(f"{flag} is about a corpus; {corpus} are files that are not prepared")
        tokenizer, shown = _of_files(corpus, said, document, most)
    else:
        tokenizer, shown = _of_corpus(corpus, said, document, most, at_random=at_random, seed=seed)
    if as_json:
        render.print_json([one.to_json(tokenizer) for one in shown])
        return
    page(_drawn(shown, tokenizer, Look.of_stdout(borders=False, ids=False)), paged=paged)


def _are_files(corpus: str) -> bool:
    """Whether what was named can only be files: a file of this machine, or a pattern of some."""
    from corpuskit.paths import user_path
    from corpuskit.urls import remote_path

    if remote_path(corpus) is not None:
        return False
    path = user_path(corpus, what="corpus")
    return path.is_file() or (not path.exists() and any(sign in corpus for sign in "*?["))


def _of_corpus(
    corpus: str,
    said: Mapping[str, Any],
    document: int | None,
    most: int,
    *,
    at_random: bool,
    seed: int | None,
) -> tuple[Tokenizer, Iterator[MaskedDocument]]:
    from corpuskit.cli import render
    from corpuskit.corpus import open_corpus
    from corpuskit.inspect import excerpts
    from corpuskit.inspect.masks import masked_document
    from corpuskit.value_streams import LOSS

    opened = open_corpus(corpus, encoding=said["encoding"])
    split = opened[said["split"] or "train"]
    if LOSS not in split.streams:
        render.say(f"split {split.name!r} has no stream 'loss': every token is a target")
    if at_random:
        document = excerpts.random_number(split, seed)
    numbers = range(min(most, split.num_documents)) if document is None else (document,)
    return opened.tokenizer, (masked_document(split, number) for number in numbers)


def _of_files(
    files: str, said: Mapping[str, Any], document: int | None, most: int
) -> tuple[Tokenizer, Iterator[MaskedDocument]]:
    from corpuskit.batches.stream import Piece
    from corpuskit.cli import render
    from corpuskit.cli.said import as_flags
    from corpuskit.config import PrepareConfig
    from corpuskit.errors import ConfigError
    from corpuskit.inspect.masks import MaskedDocument
    from corpuskit.preparation.preview.documents import PreviewedDocuments

    values = {"format": "chat", "split": "none"}
    flags = {name: value for name, value in said.items() if value is not None}
    documents = PreviewedDocuments(PrepareConfig.make(values, as_flags({"dataset": files, **flags})))
    first, stop = (0, most) if document is None else (document, document + 1)

    def shown() -> Iterator[MaskedDocument]:
        number = -1
        for number, one in enumerate(itertools.islice(documents, stop)):
            if number >= first:
                size = len(one.ids)
                piece = Piece(0, size, number, 0, size, "", input=one.input, input_start=one.input_start)
                yield MaskedDocument(one.ids, one.learned, piece)
        if number < first and document is not None:
            raise ConfigError(f"--document {document}: {files} has {number + 1:,} documents", found=document)
        for kind, count in documents.left_out.items():
            render.say(f"Left out, {kind}: {count:,}")

    return documents.tokenizer, shown()


def _drawn(shown: Iterator[MaskedDocument], tokenizer: Tokenizer, look: Look) -> Iterator[str]:
    """Documents under a rule each, their counts behind them; the legend before the first."""
    from corpuskit.inspect import excerpts
    from corpuskit.inspect.stats_text import count, percent
    from corpuskit.terminal import mask_lines, token_lines

    for number, one in enumerate(shown):
        if not number:
            yield mask_lines.legend(look)
        yield token_lines.rule(excerpts.called(one.piece, most=(look.columns or 80) - 6), look)
        yield from mask_lines.lines(one.texts(tokenizer), look)
        share = percent(one.num_targets, len(one.ids))
        words = f"{count(len(one.ids), 'token')}, {count(one.num_targets, 'target')}, {share}"
        yield token_lines.faint(words, look)


__all__ = ["CHAT_FLAGS", "chat_options", "show_chat"]
