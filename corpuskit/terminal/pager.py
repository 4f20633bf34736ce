"""Long text on a terminal, one page after the other."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

_COLOUR = re.compile("\x1b\\[[0-9;]*m")
_PAGERS = ("less", "more")


def page(lines: Iterable[str], *, paged: bool = True) -> None:
    """Write lines to stdout; through a pager, where that is a terminal and they are longer than it.

    The pager is $PAGER, else less or more; where it is empty or "cat" there is none. less is told to
    show colours, whatever LESS says. One that is left early is no error, and Ctrl-C is the pager's own.

    Args:
        lines: Safe text, each with its line end; no more are asked for than the pager takes.
        paged: Whether there may be a pager.
    """
    lines = iter(lines)
    command = pager_command() if paged and sys.stdout.isatty() else []
    head: list[str] = []
    if command:
        size = shutil.get_terminal_size()
        room = size.lines - 1  # the prompt of a shell takes one
        for line in lines:
            head.append(line)
            room -= rows(line, size.columns)
            if room < 0:
                break
        if room < 0 and _through(command, itertools.chain(head, lines)):
            return
    for line in itertools.chain(head, lines):
        sys.stdout.write(line)


def pager_command() -> list[str]:
    """What to run, and with which arguments; nothing, if there is no pager."""
    said = os.environ.get("PAGER")
    if os.environ.get("TERM") == "dumb":
        return []
    if said is None:
        return next((_with_colours([name]) for name in _PAGERS if shutil.which(name)), [])
    try:
        words = shlex.split(said)
    except ValueError:  # a quotation mark that is not closed
        return []
    return [] if words in ([], ["cat"]) else _with_colours(words)


def rows(text: str, columns: int) -> int:
    """How many rows of a terminal some lines take.

    Args:
        text: Lines, each with its line end.
        columns: How wide the terminal is.
    """
    from rich.cells import cell_len

    lines = _COLOUR.sub("", text).removesuffix("\n").split("\n")
    return sum(max(1, -(-cell_len(line.expandtabs()) // columns)) for line in lines)


def _with_colours(words: list[str]) -> list[str]:
    return [*words, "-R"] if Path(words[0]).name == "less" else words


def _through(command: list[str], lines: Iterable[str]) -> bool:
    """Give lines to a pager and wait until it is left; False if there is no such program."""
    sys.stdout.flush()
    try:
        pager = subprocess.Popen(  # noqa: S603 - the user's own program
            command, stdin=subprocess.PIPE, text=True, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return False
    assert pager.stdin is not None
    try:
        with _left_to_pager():
            with contextlib.suppress(BrokenPipeError):
                pager.stdin.writelines(lines)
            with contextlib.suppress(BrokenPipeError):
                pager.stdin.close()
            pager.wait()
    except BaseException:
        pager.terminate()  # it leaves the terminal as it was
        with contextlib.suppress(OSError):
            pager.stdin.close()
        pager.wait()
        raise
    return True


@contextlib.contextmanager
def _left_to_pager() -> Iterator[None]:
    """Let Ctrl-C be what the pager makes of it: this process has the same terminal and would hear it too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


__all__ = ["page", "pager_command", "rows"]
