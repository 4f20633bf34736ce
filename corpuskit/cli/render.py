"""Everything that the command line draws: consoles, tables, JSON."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from corpuskit.terminal.text import one_line, safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


#: More than any table needs.
_UNLIMITED_WIDTH = 100_000


def stdout_console() -> Console:
    """Where data goes; as wide as it takes when it is not a terminal."""
    from rich.console import Console

    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False)


def print_json(value: Any) -> None:
    """A JSON value on stdout."""
    sys.stdout.write(safe(json.dumps(value, indent=2)) + "\n")


def say(text: str, *, start: str = "") -> None:
    """A sentence on stderr; a long one on a terminal goes on in the next line between two words.

    Args:
        text: The sentence.
        start: What is written before it, which takes no room.
    """
    text = one_line(text)
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        text = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
    sys.stderr.write(f"{start}{text}\n")


def print_text(text: str) -> None:
    """Text or a path on stdout: as it is into a pipe, without control characters on a terminal."""
    sys.stdout.write(printed(text))


def printed(text: str) -> str:
    """What is written of a text, with a line end."""
    text = safe(text) if sys.stdout.isatty() else text
    return text if text.endswith("\n") else f"{text}\n"


def print_fact(console: Console, key: str, value: str) -> None:
    """Print what something is; further lines of a terminal begin under the first one's value."""
    import textwrap

    text = one_line(value)
    lines = [text]
    if not console.soft_wrap:
        lines = textwrap.wrap(text, max(20, console.width - 12), break_on_hyphens=False) or [""]
    for number, one in enumerate(lines):
        console.print(f"{'' if number else key:<11} {one}", markup=False)


def table(*columns: str) -> Table:
    """A table that reads well in 80 columns; a column whose name starts with ">" is right-aligned."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column.startswith(">")
        made.add_column(
            column.removeprefix(">"), justify="right" if right else "left", no_wrap=right, overflow="fold"
        )
    return made


def add_row(table: Table, *cells: str) -> None:
    """Add cells of plain text: what looks like markup is text, and control characters are spelled out."""
    from rich.text import Text

    table.add_row(*(Text(safe(cell)) for cell in cells))


def print_table(table: Table, *, wrap: str) -> None:
    """A table on stdout: lines as long as they are into a pipe, on a terminal one column is wrapped.

    Args:
        table: The table.
        wrap: The header of the column that gives way.
    """
    console = stdout_console()
    for column in table.columns:
        column.no_wrap = column.header != wrap
    if not console.is_terminal:
        console.width = _UNLIMITED_WIDTH
    console.print(table)
