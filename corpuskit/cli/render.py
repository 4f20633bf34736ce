"""Everything that the command line draws: consoles, tables, progress bars, safe text."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from corpuskit.bars import STAGES, Bar
from corpuskit.cli.lines import Line
from corpuskit.on_progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Characters that can move a terminal's cursor, recolour it or reorder its text.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

#: More than any table needs.
_UNLIMITED_WIDTH = 100_000


def stdout_console() -> Console:
    """Where data goes; as wide as it takes when it is not a terminal."""
    from rich.console import Console

    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False)


def stderr_console() -> Console:
    """Where talk goes."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """A JSON value on stdout, its characters as they are where stdout can show all of them."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    sys.stdout.write(text + "\n")


def print_text(text: str) -> None:
    """Corpus text on stdout: as it is into a pipe, without control characters on a terminal."""
    sys.stdout.write(safe(text) if sys.stdout.isatty() else text)
    sys.stdout.write("" if text.endswith("\n") else "\n")


def safe(text: str) -> str:
    """Text in which control and bidirectional characters are spelled out."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def line(text: str) -> str:
    """The same for text that must stay one line."""
    return safe(text).replace("\n", "\\n").replace("\t", "\\t")


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


def size(size_bytes: float) -> str:
    """A number of bytes for people: 603.9 kB, 1.1 MB."""
    from rich.filesize import decimal

    return decimal(int(size_bytes)).replace("bytes", "B")


def duration(seconds: float) -> str:
    """Seconds for people: 4 s, 3 min, 2 h 10 min."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class ProgressBars:
    """Progress bars on stderr, or in a notebook; nothing where neither can show them.

    A notebook without ipywidgets gets a line of text. `corpuskit.prepare` shows them by itself.

    Used as a context manager and passed as `on_progress`:

    ```python
    with corpuskit.progress() as bars:
        corpuskit.prepare("tinyshakespeare", on_progress=bars)
    ```

    Args:
        quiet: Show nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        console = None if quiet else stderr_console()  # which takes 0.02 s to import
        self._console = console if console and (console.is_terminal or console.is_jupyter) else None
        self._line = Line() if self._console and not _shows_bars(self._console) else None
        self._bar: Bar | None = None

    def __enter__(self) -> ProgressBars:
        if self._console is not None and self._line is None:
            self._bar = Bar(self._console)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.end()
            self._bar = None
        if self._line is not None:
            self._line.end()

    def __call__(self, progress: Progress) -> None:
        """Show how far a run is."""
        if self._bar is not None:
            self._bar.show(progress)
        elif self._line is not None:
            name = f"{STAGES.get(progress.stage, progress.stage)} {safe(progress.label)}".strip()
            self._line.show(name, progress.done_bytes, progress.total_bytes, _detail(progress))

    def files(self, stage: str) -> Any:
        """The same for work that reports (name, bytes done, bytes in all)."""
        return lambda label, done, total: self(Progress(stage, "", done, total))


def _shows_bars(console: Console) -> bool:
    """Whether bars are seen there; in a notebook rich needs ipywidgets for them, and warns of their lack."""
    return not console.is_jupyter or importlib.util.find_spec("ipywidgets") is not None


def _detail(progress: Progress) -> str:
    if progress.stage != "encode":
        return ""
    words = [f"{progress.num_tokens:,} tokens"]
    if progress.num_parts > 1:
        words.append(f"part {progress.parts_done}/{progress.num_parts}")
    if progress.left_out:
        words.append(f"{progress.left_out:,} left out")
    return ", ".join(words)
