"""The command line: a lazy root that knows its commands by name and imports one when it is used.

Listing the commands imports none of them, so `corpuskit --help` costs little more than click. Each command
is a thin module: options, one call into the library, one call into `render`.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from corpuskit import interrupts
from corpuskit.cli.help import Group, Option
from corpuskit.cli.streams import give_up_stdout, open_streams
from corpuskit.commands import COMMANDS
from corpuskit.errors import CorpuskitError, StorageError, UnavailableName, UnknownName
from corpuskit.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


#: So many new objects are looked through for garbage together. Imports make hundreds of thousands that stay,
#: and to look at every 700 of them takes a twentieth of the start-up.
_GARBAGE_AFTER = 10_000


class _Root(Group):
    """The commands of the table, then those of plugins, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # `list` is a module here, once the command of that name is imported

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            command = importlib.import_module(COMMANDS[cmd_name][0]).command
        else:
            command = self._of_plugin(cmd_name)
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; click would leave an empty line after a signal, where the bar has gone."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise click.Abort from error
        except EOFError as error:  # which click takes for Ctrl-D at a question; its own questions raise Abort
            raise RuntimeError(f"EOFError: {error}") from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that go on from what is typed; none of them is imported."""
        from corpuskit.cli import complete

        own = [(name, summary) for name, (_, summary) in COMMANDS.items()]
        flags = click.Command.shell_complete(self, ctx, incomplete)
        return [*complete.matching([*own, *complete.components("command")], incomplete), *flags]

    def _of_plugin(self, name: str) -> click.Command | None:
        from corpuskit import registry
        from corpuskit.registry.specs import CommandSpec

        try:
            component = registry.default().find(CommandSpec, name)
        except UnknownName as error:
            if isinstance(error, UnavailableName) and error.owners:
                raise
            return None
        loaded = component.load()
        if not isinstance(loaded, click.Command):
            raise component.refused("a click.Command", loaded)
        return loaded


@click.group(
    cls=_Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Plugins may add commands: 'corpuskit list commands'.",
    examples=(
        "corpuskit prepare tinyshakespeare --encoding gpt2",
        "corpuskit show data/tinyshakespeare/gpt2 --at 0 --tokens 32",
    ),
)
@click.version_option(__version__, message="corpuskit %(version)s")
@click.option("-v", "--verbose", cls=Option, is_flag=True, help="Say more, and show tracebacks of errors.")
def root(verbose: bool) -> None:
    """Turn any text corpus into verified token files, and token files into training batches."""
    _show_logs(verbose)


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0, or what docs/errors.md says of the error."""
    interrupts.unwind()
    open_streams()
    atexit.register(gc.freeze)  # the interpreter's last look for garbage takes 0.1 s and is not needed
    gc.set_threshold(_GARBAGE_AFTER)
    number: int | None = None
    if "_CORPUSKIT_COMPLETE" in os.environ:
        importlib.import_module("corpuskit.cli.complete")  # has bash complete names and files
    try:
        try:
            code = _run(sys.argv[1:] if args is None else args)
        finally:
            if interrupts.heard() is None:
                interrupts.end_at_once()
    except BaseException as error:
        number = interrupts.heard()
        if number is None and isinstance(error, (click.Abort, KeyboardInterrupt)):
            number = signal.SIGINT
        if number is None:
            raise
    if (number := number or interrupts.heard()) is not None:
        from corpuskit.cli.render import say

        say(interrupts.message(number), start=interrupts.line_start())
        code = interrupts.exit_code(number)
        interrupts.end_at_once()
    sys.exit(code)


def _run(args: Sequence[str]) -> int:
    """Run a command, and say what went wrong; returns the exit code. `help COMMAND` is `COMMAND --help`."""
    if args[:1] == ["help"]:
        args = [*args[1:], "--help"]
    try:
        code = root.main([*args], obj=[*args], prog_name="corpuskit", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.ClickException, CorpuskitError) as error:
        if interrupts.heard() is not None:
            raise
        from corpuskit.cli import failures

        return failures.say(error, args)
    except click.Abort as error:
        if interrupts.heard() is not None or error.__cause__ is not None:
            raise
        from corpuskit.cli.render import say

        say("corpuskit: aborted")  # a question was answered with no
        return 1
    except BrokenPipeError:  # the reader of stdout has gone (`| head`)
        return 1
    except OSError as error:
        if interrupts.heard() is not None:
            raise
        from corpuskit.cli import failures

        return failures.say(failures.of_system(error), args)
    except Exception as error:
        name = next((arg for arg in args if not arg.startswith("-")), "")
        if name in COMMANDS or interrupts.heard() is not None:
            raise
        from corpuskit.cli import failures

        return failures.say(failures.of_plugin(name, error), args)
    finally:
        try:
            sys.stdout.flush()
        except (OSError, StorageError):
            give_up_stdout()


class _Stderr(logging.Handler):
    """Writes to whatever stderr is at the time: progress bars put something else there while they run."""

    def emit(self, record: logging.LogRecord) -> None:
        from corpuskit.terminal.text import safe

        sys.stderr.write(safe(self.format(record)) + "\n")


def _show_logs(verbose: bool) -> None:
    """Send what the library says to stderr, one line each."""
    logger = logging.getLogger("corpuskit")
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("corpuskit: %(message)s"))
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
