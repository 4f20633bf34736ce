"""What went wrong, in one style for click's errors and ours: a line on stderr, or JSON, and an exit code."""

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Sequence

import click

from corpuskit.commands import COMMANDS
from corpuskit.errors import CorpuskitError, PluginError, StorageError
from corpuskit.near import near
from corpuskit.terminal.text import safe

#: What click says of a value, and what we say of the same one from a file or from Python.
_RULES = (
    (re.compile(r"^(.*) is not in the range x>=(\d+)$"), r"\1: must be \2 or more"),
    (re.compile(r"^(.*) is not a valid integer(?: range)?$"), r"\1: must be a whole number"),
    (re.compile(r"^(.*) is not (a number with a unit .*|a whole number)$"), r"\1: must be \2"),
    (re.compile(r"^(.*) is not a valid float(?: range)?$"), r"\1: must be a number"),
    (re.compile(r"^(.*) is not one of (.*)$"), r"\1: must be one of \2"),
)
#: What a group without a command raises: its help is all of the message. Older click prints it by itself.
_NO_COMMAND = getattr(click.exceptions, "NoArgsIsHelpError", ())


def say(error: click.ClickException | CorpuskitError, args: Sequence[str]) -> int:
    """Say what went wrong; returns the exit code.

    Args:
        error: The error.
        args: What was typed: `--json` asks for JSON, and `--verbose` for the traceback of an error of ours.
    """
    if isinstance(error, click.UsageError) and isinstance(error, _NO_COMMAND):
        click.echo(error.format_message(), err=True)
        return error.exit_code
    usage = _usage(error, args) if isinstance(error, click.ClickException) else ""
    message = " ".join((usage or str(error)).split())
    if not usage and {"-v", "--verbose"} & {*args}:
        click.echo(safe("".join(traceback.format_exception(error))), err=True, nl=False)
    if "--json" in args:
        kind = "UsageError" if usage else type(error).__name__
        value = {"error": kind, "message": message, "exit_code": error.exit_code}
        click.echo(safe(json.dumps(value)), err=True)
    else:
        click.echo(f"corpuskit: error: {safe(message)}", err=True)
    return error.exit_code


def of_system(error: OSError) -> StorageError:
    """What the system answered where nobody expected it, such as a disk that has come to fail."""
    reason = error.strerror or str(error) or type(error).__name__
    found = StorageError(f"{os.fsdecode(error.filename)}: {reason}" if error.filename else reason)
    found.__cause__ = error
    return found


def of_plugin(name: str, error: Exception) -> PluginError:
    """What a plugin's command raised, as its fault."""
    from corpuskit import registry
    from corpuskit.registry.blame import fault
    from corpuskit.registry.checks import one_line
    from corpuskit.registry.specs import CommandSpec

    component = registry.default().find(CommandSpec, name)
    found = fault(component.what, component.owner, one_line(error))
    found.__cause__ = error
    return found


def typed(param: click.Parameter, args: Sequence[str]) -> str:
    """A parameter as it was typed: its flag, or what stands for an argument in the usage."""
    if isinstance(param, click.Argument):
        return param.human_readable_name
    said = [arg.partition("=")[0] if arg.startswith("--") else arg[:2] for arg in args]
    return next((flag for flag in said if flag in (*param.opts, *param.secondary_opts)), param.opts[-1])


def _usage(error: click.ClickException, args: Sequence[str]) -> str:
    """What is wrong with what was typed, and what to type instead."""
    if isinstance(error, click.NoSuchOption):
        close = " or ".join(near(error.option_name, error.possibilities or ()))
        remedy = f"did you mean {close}?" if close else _before(error) or _see(error, args)
        return f"no such option {error.option_name}; {remedy}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        choices = error.param.type.get_missing_message(param=error.param, ctx=error.ctx)
        missing = f"{typed(error.param, args)} is missing"
        return f"{missing}; {_sentence(str(choices))}" if choices else f"{missing}; {_see(error, args)}"
    if isinstance(error, click.BadParameter):
        what = typed(error.param, args) if error.param is not None else "corpuskit"
        reason = _sentence(error.message)
        for pattern, rule in _RULES:
            if pattern.match(reason):
                return f"{what} {pattern.sub(rule, reason)}"
        return f"{what}: {reason}"
    if isinstance(error, click.BadOptionUsage):
        return f"{error.option_name} needs a value; {_see(error, args)}"
    text = _sentence(error.format_message())
    context = getattr(error, "ctx", None)
    instead = getattr(context.command, "instead", "") if context else ""
    if instead and text.startswith("got unexpected extra"):
        return f"{text}; {instead}"
    return text if text == error.message else f"{text}; {_see(error, args)}"


def _before(error: click.NoSuchOption) -> str:
    """What to type for an option that is not the command's but corpuskit's own."""
    context = error.ctx
    root = context.find_root() if context is not None else None
    if context is None or root is None or not any(error.option_name in p.opts for p in root.command.params):
        return ""
    return f"it goes before the command: '{root.info_name} {error.option_name} {context.info_name}'"


def _see(error: click.ClickException, args: Sequence[str]) -> str:
    """Where the options are explained; what click's parser refuses does not know its command."""
    context = getattr(error, "ctx", None)
    words = ["corpuskit", *(arg for arg in args[:1] if arg in COMMANDS)]
    return f"see '{context.command_path if context else ' '.join(words)} --help'"


def _sentence(text: str) -> str:
    """A message of click's as one of ours begins and ends."""
    text = " ".join(text.split()).removesuffix(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


__all__ = ["say", "typed"]
