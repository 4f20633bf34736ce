"""`corpuskit.progress`: how far a run is, on a terminal's stderr or under a notebook's cell."""

from __future__ import annotations

import importlib.util
from types import TracebackType
from typing import TYPE_CHECKING

from corpuskit.on_progress import Progress
from corpuskit.terminal.bar import STAGES, Bar
from corpuskit.terminal.console import stderr_console
from corpuskit.terminal.line import Line
from corpuskit.terminal.text import safe

if TYPE_CHECKING:
    from rich.console import Console


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
