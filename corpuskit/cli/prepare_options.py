"""The options of `prepare`, `plan` and `commit`: what to prepare, and how."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from corpuskit.cli.options import Name, UserPath, among, joined, one_or_several, option, pairs, unescaped
from corpuskit.cli.said import as_flags, in_file

if TYPE_CHECKING:
    from corpuskit.config import PrepareConfig

F = TypeVar("F", bound=Callable[..., Any])

_input, _splitting, _output, _running = (
    partial(option, group=heading) for heading in ("Input", "Splitting", "Output", "Running")
)

#: What `prepare` and `plan` share: what to prepare, and how.
_PLAN_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("dataset", nargs=-1, type=Name("source", files=True)),
    _input(
        "--from",
        "location",
        metavar="PATH_OR_URL",
        type=UserPath(),
        help="Take a named corpus's bytes from this file, folder or URL. By default they are downloaded.",
    ),
    _input(
        "--format",
        metavar="NAME",
        type=Name("reader"),
        help="Read all files as this format; 'corpuskit list readers' shows them. By default a file's "
        "extension says it.",
    ),
    _input(
        "--text-field",
        multiple=True,
        metavar="FIELD",
        callback=one_or_several,
        help="Take the text from this field or column; dots lead into nested ones. Of body,text it is the "
        "first that is there; '*.csv=body' is for files of such names only; may be repeated. [default: text]",
    ),
    _input(
        "--keep",
        multiple=True,
        metavar="FIELDS",
        callback=joined,
        help="Keep these fields or columns beside the text, such as url,lang,score:float,meta.source; a type "
        "after a colon is str, int, float or bool; '' keeps none. By default an id is kept where there is "
        "one.",
    ),
    _input(
        "--separator",
        metavar="TEXT",
        callback=unescaped,
        help=r"Cut text files into documents where this stands; escapes are \n, \t, \r, \f, \0, \xNN, "
        r"\uNNNN, and \\ for a backslash. By default a text file is one document.",
    ),
    _input(
        "--lines",
        is_flag=True,
        default=None,
        help="Make each line of a text file a document. By default a text file is one document.",
    ),
    _input(
        "--template",
        metavar="NAME",
        type=Name("template"),
        help="Write conversations (--format chat) by this template; 'corpuskit list templates' shows them. "
        "[default: chatml]",
    ),
    _input(
        "--train-on",
        type=click.Choice(["assistant", "last", "all"]),
        help="Learn of a conversation what the assistant writes, its last message alone, or everything. "
        "[default: assistant]",
    ),
    _input(
        "--invalid-utf8",
        type=click.Choice(["error", "replace"]),
        help="Stop at bytes that are not UTF-8, or put U+FFFD in their place. [default: error]",
    ),
    _input(
        "--on-bad-document",
        type=click.Choice(["error", "skip"]),
        help="Stop at a document that cannot be read, or leave it out. [default: error]",
    ),
    _input(
        "--on-missing",
        type=click.Choice(["skip", "error"]),
        help="Leave out a record without text, or stop there. [default: skip]",
    ),
    _input(
        "--reader-option",
        "reader_options",
        multiple=True,
        metavar="KEY=VALUE",
        callback=pairs,
        help="Set a further option of the reader, such as max_ratio=2000 or delimiter=';'; may be repeated. "
        "Escapes are as for --separator. By default a reader has its own values.",
    ),
    _splitting(
        "--split",
        metavar="RULE",
        shell_complete=among("characters:0.1", "valid=0.01", "valid=0.01,test=0.01", "none"),
        help="Keep text apart from training: characters:0.1 is the last tenth, valid=0.01,test=0.01 goes by "
        "document, none keeps nothing apart. By default the corpus says it: one text file is split by "
        "characters:0.1, other files of yours are not split.",
    ),
    _splitting(
        "--eot/--no-eot",
        default=None,
        help="Append the end-of-text id after each document, or do not. By default all corpora have it but "
        "one running text.",
    ),
    _splitting(
        "--bos",
        metavar="NAME",
        help="Put this control token, such as '<|endoftext|>', in front of each document. By default nothing "
        "is.",
    ),
    _splitting(
        "--max-tokens",
        metavar="N",
        help="Stop after the document that reaches so many tokens, such as 500M or 10B. By default all is "
        "taken.",
    ),
    _output(
        "--encoding",
        metavar="NAME",
        type=Name("tokenizer"),
        help="Encode with this tokenizer; 'corpuskit list tokenizers' shows them. [default: gpt2]",
    ),
    _output(
        "--add-tokens",
        is_flag=True,
        default=None,
        help="Give control tokens that the tokenizer lacks, and documents may hold, ids behind its last one. "
        "By default that is an error.",
    ),
    _output(
        "--name",
        metavar="NAME",
        help="Call the corpus this. By default it has the name of the dataset or file.",
    ),
    _output(
        "--shard-bytes",
        metavar="SIZE",
        help="Begin another shard where one would be larger than this, such as 64M or 1GiB. [default: 512M]",
    ),
    _running(
        "--workers",
        type=int,
        metavar="N",
        help="Use so many processes. By default there is one for each core.",
    ),
    _running(
        "--engine",
        metavar="NAME",
        shell_complete=among("auto", "tiktoken", "gigatoken"),
        help="Compute ids with auto, tiktoken or gigatoken; all give the same ids, and auto is the fastest. "
        "[default: auto]",
    ),
    _running(
        "--part-bytes",
        metavar="SIZE",
        help="Cut the work into parts of about so much text, such as 64M. By default the corpus's size "
        "decides.",
    ),
    _running(
        "--config",
        metavar="FILE",
        type=UserPath(),
        help="Take options from this TOML file; flags win over it. By default there is none.",
    ),
)
#: What only those need that make a corpus: where it goes, and what makes it.
_MAKE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    _output(
        "-o",
        "--output",
        metavar="PATH_OR_URL",
        type=UserPath(file_okay=False),
        help="Write the corpus to this folder, or to this URL of an object store. [default: "
        "data/NAME/ENCODING]",
    ),
    _output(
        "--overwrite",
        is_flag=True,
        default=None,
        help="Replace a corpus that was prepared differently, or is damaged. By default that is an error.",
    ),
    _output(
        "--work-dir",
        metavar="PATH",
        type=UserPath(file_okay=False),
        help="Make a corpus for an object store in this folder before its upload. By default in the cache.",
    ),
    _running(
        "--executor",
        metavar="NAME",
        type=Name("executor"),
        help="Have this run the parts; 'corpuskit list executors' shows them. [default: local]",
    ),
)


def plan_options(function: F) -> F:
    """DATASET and everything that can be said about how it is prepared."""
    for declared in reversed(_PLAN_OPTIONS):
        function = declared(function)
    return function


def prepare_options(function: F) -> F:
    """The same, and where the corpus goes."""
    for declared in reversed(_MAKE_OPTIONS):
        function = declared(function)
    return plan_options(function)


def config_of(dataset: tuple[str, ...], config: str | None, flags: dict[str, Any]) -> PrepareConfig:
    """The configuration that `prepare_options` gave."""
    from corpuskit.config import PrepareConfig

    values = in_file(config, PrepareConfig, flags)
    if dataset:
        flags["dataset"] = dataset[0] if len(dataset) == 1 else list(dataset)
    elif "dataset" not in values:
        raise click.UsageError(
            "DATASET is missing; name files, or a corpus: 'corpuskit list sources' shows them"
        )
    return PrepareConfig.make(values, as_flags(flags))
