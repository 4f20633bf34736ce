"""`corpuskit.progress`: how far a run is, on a terminal's stderr or under a notebook's cell."""

from __future__ import annotations

import importlib.util
from types import TracebackType
from typing import TYPE_CHECKING

from corpuskit.on_progress import Progress
from corpuskit.terminal.bar import Bar, title
from corpuskit.terminal.line import Line

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
        self._console = None if quiet else _console()
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
            self._line.show(title(progress), progress.done_bytes, progress.total_bytes, _detail(progress))


def _console() -> Console | None:
    """stderr, where somebody looks at it."""
    from rich.console import Console  # which takes 0.02 s

    console = Console(stderr=True, highlight=False)
    return console if console.is_terminal or console.is_jupyter else None


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
