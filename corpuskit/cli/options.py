"""Options that several commands share."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from corpuskit.cli.help import Option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


class UserPath(click.Path):
    """A path as it was typed, which shells complete; `corpuskit.paths.user_path` says what it means."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The same: the library checks all paths, whoever gives them. But `-` is a stream to who types it."""
        if value == "-" and not self.allow_dash:
            self.fail("- would be stdin or stdout, which it cannot be; write ./- for a name of -", param, ctx)
        return value


class Count(click.types.StringParamType):
    """A whole number with an optional unit, such as 4K."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        from corpuskit.units import parse_count

        try:
            return parse_count(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is not {error}", param, ctx)


class Name(click.types.StringParamType):
    """The name of a component, which shells complete.

    Args:
        kind: The component's kind, such as "tokenizer".
        files: Whether files may stand in its place.
    """

    name = "name"

    def __init__(self, kind: str, *, files: bool = False) -> None:
        self.kind, self.files = kind, files

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from corpuskit.cli import complete

        items = [CompletionItem(incomplete, type="file")] if self.files else []
        if not incomplete.startswith((".", "/", "~", "@")):  # what can only be a file
            items += complete.matching(complete.components(self.kind), incomplete)
        return items

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """What there is to choose from."""
        from corpuskit.cli import complete

        return f"choose from {', '.join(name for name, _ in complete.components(self.kind))}"


def among(*names: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Words that shells offer, where others may stand as well."""

    def offered(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from corpuskit.cli import complete

        return complete.matching([(name, "") for name in names], incomplete)

    return offered


def option(*declarations: str, **attributes: Any) -> Callable[[F], F]:
    """An option of a command; `group` is the heading that it stands under in the help."""
    return click.option(*declarations, cls=Option, **attributes)


def _quieten(ctx: click.Context, parameter: click.Parameter, value: bool) -> bool:
    if value:
        logging.getLogger("corpuskit").setLevel(logging.ERROR)
    return value


def json_option(function: F) -> F:
    """`--json`: machine-readable output on stdout."""
    text = "Print JSON on stdout, and an error as JSON on stderr."
    return option("--json", "as_json", is_flag=True, help=text)(function)


def quiet_option(function: F) -> F:
    """`--quiet`: nothing on stderr but errors."""
    text = "Say nothing but errors on stderr."
    return option("-q", "--quiet", is_flag=True, callback=_quieten, help=text)(function)


def encoding_option(function: F) -> F:
    """`--encoding`: the tokenizer of a corpus that holds no more than its name."""
    text = "Decode with this tokenizer, where the corpus holds its name only. By default the corpus knows it."
    return option("--encoding", metavar="NAME", type=Name("tokenizer"), help=text)(function)


def inputs_option(function: F) -> F:
    """`--inputs`: where the files are in which lines are counted."""
    text = "Count lines in the inputs in this folder. By default they are where they were when prepared."
    return option("--inputs", metavar="FOLDER", type=UserPath(file_okay=False), help=text)(function)


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


def unescaped(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """An option's text, its escapes replaced."""
    try:
        return value if value is None else unescape(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    """KEY=VALUE, any number of times, as a table; None if it is empty."""
    found: dict[str, str] = {}
    for given in values:
        name, equals, value = given.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"expected KEY=VALUE, found {given!r}")
        if name in found:
            raise click.BadParameter(f"{name} is given twice")
        found[name] = unescaped(ctx, parameter, value) or ""
    return found or None


def one_or_several(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> str | list[str] | None:
    """An option that may be repeated: what it says once, or all that it says; None if nothing."""
    return (values[0] if len(values) == 1 else [*values]) if values else None


def joined(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> str | None:
    """An option that may be repeated: all that it says with commas between; None if nothing."""
    return ",".join(values) if values else None


def corpus_argument(function: F) -> F:
    """The folder of a prepared corpus."""
    return click.argument("corpus", type=UserPath(file_okay=False), metavar="CORPUS")(function)
