"""What every command's help has: options in groups, and examples as they are typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from corpuskit.errors import ConfigError, CorpuskitError, UnknownName
from corpuskit.near import near

if TYPE_CHECKING:
    from corpuskit.config.said import Said

#: Where a command keeps what a configuration file says, in its context.
SAID = "corpuskit.config.said"

#: Words of a command line: what is in quotation marks is one, and so is a flag with its value.
_WORD = re.compile(r"(?:-[\w-]+ (?!-))?(?:'[^']*'|\"[^\"]*\"|[^\s'\"]+(?:'[^']*'|\"[^\"]*\")?)")
_RANGE = re.compile(r"x>=(\d+)(?=\]$)")
#: The widest column of options; the rest of a narrow terminal is for what they mean.
_WIDEST_COLUMN = 30


class Option(click.Option):
    """An option, with the heading that it stands under.

    Args:
        arguments: What click's own class takes.
        group: The heading.
        attributes: What click's own class takes by name.
    """

    def __init__(self, *arguments: Any, group: str = "Options", **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The flag and what it means; a range in words."""
        record = super().get_help_record(ctx)
        return record and (record[0], _RANGE.sub(r"at least \1", record[1]))


class _Described(click.Command):
    """A command with examples.

    Args:
        arguments: What click's own class takes.
        examples: Command lines, each as one would type it.
        instead: What to type in place of arguments that are too many.
        attributes: What click's own class takes by name.
    """

    def __init__(
        self, *arguments: Any, examples: Sequence[str] = (), instead: str = "", **attributes: Any
    ) -> None:
        super().__init__(*arguments, **attributes)
        self.examples, self.instead = tuple(examples), instead

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error about a value of a configuration file says where it stands there."""
        try:
            return super().invoke(ctx)
        except (ConfigError, UnknownName) as error:
            place, message = self._in_file(error, ctx)
            if place and not message.startswith(place):
                error.args = (f"{place}{message}", *error.args[1:])
            raise

    def _in_file(self, error: CorpuskitError, ctx: click.Context) -> tuple[str, str]:
        """Where a file says the value that an error is about, and the error with the field for its flag.

        The value is that of the flag that the error begins with, or the one that it found.
        """
        said: Said | None = ctx.meta.get(SAID)
        message = str(error)
        if said is None:
            return "", message
        flag = re.split(r"[ :]", message, maxsplit=1)[0]
        for param in self.params:
            if flag in param.opts and param.name in said:
                return said.place(param.name), f"{param.name}{message.removeprefix(flag)}"
        return said.place_of(error.found), message

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, records in option_groups(self, ctx).items():
            with formatter.section(heading):
                formatter.write_dl(records, col_max=min(_WIDEST_COLUMN, formatter.width // 3))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    for line in _wrapped(example, formatter.width - formatter.current_indent):
                        formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)


class Command(_Described):
    """A command."""


class Group(_Described, click.Group):
    """A command that has commands of its own."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            close = near(name, self.list_commands(ctx), most=1)
            hint = f"did you mean {close[0]!r}?" if close else f"see '{ctx.command_path} --help'"
            ctx.fail(f"no such command {name!r}; {hint}")
        return super().resolve_command(ctx, args)


def option_groups(command: click.Command, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
    """A command's options under their headings, each with what it means; those without one come last."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None and record[1]:
            groups.setdefault(param.group if isinstance(param, Option) else "Options", []).append(record)
    if "Options" in groups:
        groups["Options"] = groups.pop("Options")
    return groups


def _wrapped(line: str, width: int) -> Iterator[str]:
    """A command line on as many lines as it takes, each but the last ended by a backslash."""
    first, *words = _WORD.findall(line)
    current = first
    for word in words:
        if len(current) + len(word) + 3 > width:
            yield f"{current} \\"
            current = f"    {word}"
        else:
            current = f"{current} {word}"
    yield current


__all__ = ["Command", "Group", "Option", "option_groups"]
