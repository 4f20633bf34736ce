"""Options that several commands share."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from corpuskit.config import PrepareConfig

F = TypeVar("F", bound=Callable[..., Any])


class UserPath(click.Path):
    """A path as it was typed, which shells complete; `corpuskit.place.user_path` says what it means."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Nothing: the library checks all paths, whoever gives them."""
        return value


def _quieten(ctx: click.Context, parameter: click.Parameter, value: bool) -> bool:
    if value:
        logging.getLogger("corpuskit").setLevel(logging.ERROR)
    return value


def json_option(function: F) -> F:
    """`--json`: machine-readable output on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")(function)


def quiet_option(function: F) -> F:
    """`--quiet`: nothing on stderr but errors."""
    return click.option(
        "-q", "--quiet", is_flag=True, callback=_quieten, help="Say nothing but errors on stderr."
    )(function)


_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.?))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "0": "\0", "\\": "\\"}


def unescape(text: str) -> str:
    r"""Text with its escapes replaced: `\n`, `\t`, `\r`, `\f`, `\0`, `\\`, `\xNN` and `\uNNNN`.

    A shell hands `'\n'` on as two characters, so what is typed needs escapes, as TOML and Python have them.

    Raises:
        ValueError: If a backslash begins no escape.
    """

    def character(found: re.Match[str]) -> str:
        number = found[1] or found[2]
        if number is None and found[3] not in _ESCAPED:
            raise ValueError(f"{found[0]} is no escape; write \\\\ for a backslash")
        return _ESCAPED[found[3]] if number is None else chr(int(number, 16))

    return _ESCAPE.sub(character, text)


def _unescaped(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return value if value is None else unescape(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    pairs: dict[str, str] = {}
    for given in values:
        name, equals, value = given.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"expected KEY=VALUE, found {given!r}")
        if name in pairs:
            raise click.BadParameter(f"{name} is given twice")
        pairs[name] = _unescaped(ctx, parameter, value) or ""
    return pairs or None


def corpus_argument(function: F) -> F:
    """The folder of a prepared corpus."""
    return click.argument("corpus", type=UserPath(), metavar="CORPUS")(function)


#: What only those need that make a corpus: where it goes, and what makes it.
_MAKE_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("-o", "--output", metavar="PATH_OR_URL", help="[default: data/NAME/ENCODING]"),
    click.option("--work-dir", type=UserPath(), help="For an --output in an object store."),
    click.option("--executor", metavar="NAME", help="What runs the parts. [default: local]"),
    click.option("--overwrite", is_flag=True, default=None, help="Replace a corpus prepared differently."),
)
#: What `prepare` and `plan` share: what to prepare, and how.
_PLAN_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("dataset", nargs=-1),
    click.option("--encoding", metavar="NAME", help="'corpuskit list tokenizers'. [default: gpt2]"),
    click.option("--name", metavar="NAME", help="What to call the corpus."),
    click.option("--from", "location", metavar="PATH_OR_URL", help="Take a named corpus's bytes from here."),
    click.option("--split", metavar="RULE", help="'characters:0.1', 'valid=0.01,test=0.01' or 'none'."),
    click.option("--eot/--no-eot", default=None, help="Append the end-of-text id after each document."),
    click.option("--format", metavar="NAME", help="'corpuskit list readers'. [default: by extension]"),
    click.option("--text-field", metavar="FIELD", help="The field or column that holds the text."),
    click.option(
        "--separator",
        metavar="TEXT",
        callback=_unescaped,
        help=r"What separates the documents of a text file; escapes are \n, \t, \r, \f, \0, \xNN, \uNNNN, "
        r"and \\ for a backslash.",
    ),
    click.option("--lines", is_flag=True, default=None, help="Each line of a text file is a document."),
    click.option("--invalid-utf8", type=click.Choice(["error", "replace"]), help="[default: error]"),
    click.option("--on-bad-document", type=click.Choice(["error", "skip"]), help="[default: error]"),
    click.option("--on-missing", type=click.Choice(["skip", "error"]), help="No text: [default: skip]"),
    click.option(
        "--reader-option",
        "reader_options",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_pairs,
        help="A further option of the reader: max_ratio=2000, delimiter=';'. Escapes are as for --separator.",
    ),
    click.option("--max-tokens", metavar="N", help="Stop after the document that reaches N: 10B, 500M."),
    click.option("--part-bytes", metavar="SIZE", help="Text in a part of the work. [default: by size]"),
    click.option("--shard-bytes", metavar="SIZE", help="The largest shard. [default: 512M]"),
    click.option("--engine", metavar="NAME", help="What computes ids: auto, tiktoken, ... [default: auto]"),
    click.option("--workers", type=int, metavar="N", help="Processes. [default: one a core]"),
    click.option("--config", type=UserPath(), help="Options from a TOML file; flags win."),
)


def plan_options(function: F) -> F:
    """DATASET and everything that can be said about how it is prepared."""
    for option in reversed(_PLAN_OPTIONS):
        function = option(function)
    return function


def prepare_options(function: F) -> F:
    """The same, and where the corpus goes."""
    for option in reversed(_MAKE_OPTIONS):
        function = option(function)
    return plan_options(function)


def config_of(dataset: tuple[str, ...], config: str | None, flags: dict[str, Any]) -> PrepareConfig:
    """The configuration that `prepare_options` gave."""
    from corpuskit.config import PrepareConfig, read_toml

    values = read_toml(config, PrepareConfig) if config is not None else {}
    if dataset:
        flags["dataset"] = dataset[0] if len(dataset) == 1 else list(dataset)
    elif "dataset" not in values:
        raise click.UsageError("Missing argument 'DATASET'; 'corpuskit list sources' lists some.")
    return PrepareConfig.make(values, flags)
