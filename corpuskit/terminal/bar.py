"""One line that says how far a run is: stage, bar, amount, speed, time left; as wide as the terminal."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from corpuskit.on_progress import Progress
from corpuskit.terminal.text import BYTE_UNITS, one_line, size

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

STAGES = {
    "fetch": "Fetching",
    "fit": "Fitting the vocabulary",
    "plan": "Planning",
    "encode": "Encoding",
    "commit": "Committing",
    "upload": "Uploading",
    "verify": "Verifying",
    "export": "Exporting",
    "import": "Importing",
    "pack": "Packing",
    "unpack": "Unpacking",
    "derive": "Deriving",
    "lines": "Counting lines",
    "steps": "Going through the steps",
    "search": "Searching",
    "measure": "Measuring",
    "stats": "Counting",
}

#: How often the line is drawn anew.
_REFRESH_S = 0.1
#: Speed is that of so many seconds, and nothing is said of it before half a second has passed.
_WINDOW_S, _FIRST_S = 20.0, 0.5
#: A bar has at least so many cells; what else there is to say gives way to it, the last words first.
_MIN_BAR_CELLS = 10
#: The name of what is worked on has at most a third of the line.
_NAME_SHARE = 3

#: A terminal shows `^C` where the cursor is. If that began another row, the bar could not be taken away.
_ROOM_FOR_ECHO = 3

_FULL, _EMPTY = "━", "─"
_DONE_STYLE, _REST_STYLE = "cyan", "dim"


class Speed:
    """Bytes a second of what is done now: what an earlier run has done took this one no time."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, at: float, done_bytes: int) -> None:
        """So much is done at some time.

        Args:
            at: Seconds of any clock.
            done_bytes: What this run has done by then.
        """
        self._samples.append((at, done_bytes))
        while len(self._samples) > 2 and at - self._samples[1][0] >= _WINDOW_S:
            self._samples.popleft()

    def bytes_per_s(self) -> float | None:
        """The speed; None while nothing can be said."""
        if not self._samples:
            return None
        (began, before), (now, done) = self._samples[0], self._samples[-1]
        return (done - before) / (now - began) if now - began >= _FIRST_S and done > before else None


def title(progress: Progress) -> str:
    """What is done, and with what, in one line: Encoding my."""
    return f"{_stage(progress)} {one_line(progress.label)}".strip()


def _stage(progress: Progress) -> str:
    return STAGES.get(progress.stage, progress.stage)


def line(progress: Progress, width: int, *, bytes_per_s: float | None = None) -> list[tuple[str, str]]:
    """The line of some cells, as pieces of text with their styles.

    Args:
        progress: How far it is.
        width: How many cells there are.
        bytes_per_s: How fast it is, where that is known.
    """
    from rich.cells import cell_len

    room = max(width // _NAME_SHARE, len(_stage(progress))) if progress.total_bytes else width
    name = _shortened(title(progress), room)
    if not progress.total_bytes:
        return [(name, "")]
    words = _words(progress, bytes_per_s)
    cells_of_name = cell_len(name)
    while words and cells_of_name + _MIN_BAR_CELLS + 1 + sum(len(word) + 2 for word in words) > width:
        words.pop()
    cells = width - cells_of_name - 1 - sum(len(word) + 2 for word in words)
    done = min(cells * progress.done_bytes // progress.total_bytes, cells)
    rest = "".join(f"  {word}" for word in _in_order(words, progress, bytes_per_s))
    return [(f"{name} ", ""), (_FULL * done, _DONE_STYLE), (_EMPTY * (cells - done), _REST_STYLE), (rest, "")]


def _words(progress: Progress, bytes_per_s: float | None) -> list[str]:
    """What there is to say beside the bar, the most important first."""
    assert progress.total_bytes
    amount = _amount(progress.done_bytes, progress.total_bytes)
    words = [amount]
    if bytes_per_s:
        left = max(progress.total_bytes - progress.done_bytes, 0)
        words += [_clock(left / bytes_per_s), f"{size(bytes_per_s)}/s"]
    if progress.stage == "encode":
        if progress.num_parts > 1:
            words.append(f"{progress.parts_done}/{progress.num_parts} parts")
        words.append(f"{_count(progress.num_tokens)} tokens")
        if progress.left_out:
            words.append(f"{progress.left_out:,} left out")
    return words


def _in_order(words: list[str], progress: Progress, bytes_per_s: float | None) -> list[str]:
    """The words that there is room for, as they are read: what is left comes last."""
    return [*words[:1], *words[2:], *words[1:2]] if bytes_per_s else words


def _shortened(text: str, cells: int) -> str:
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def _amount(done: int, total: int) -> str:
    """Bytes of bytes, in the unit of the larger number: 11.0/136.1 MB."""
    unit, name = next(pair for pair in BYTE_UNITS if total >= pair[0] or pair[0] == 1)
    return f"{done:,}/{total:,} B" if unit == 1 else f"{done / unit:,.1f}/{total / unit:,.1f} {name}"


def _count(number: int) -> str:
    """A number for people, in so few characters that it stays in its place: 3.07M."""
    for unit, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if number >= unit:
            return f"{number / unit:.2f}{letter}"
    return str(number)


def _clock(seconds: float) -> str:
    """Time that is left: 0:38, 12:05, 3:00:10."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"


class Bar:
    """The line on a terminal or in a notebook, drawn over again, and gone when the work is over."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._console = console
        self._live: Live = Live(console=console, auto_refresh=False, transient=True)
        self._key: tuple[str, str] | None = None
        self._speed = Speed()
        self._next_refresh = 0.0
        self._live.start()

    def show(self, progress: Progress) -> None:
        """Show how far it is; soon again only if something is over."""
        now = time.monotonic()
        key = (progress.stage, progress.label)
        if key != self._key:
            self._key, self._speed, self._next_refresh = key, Speed(), 0.0
        self._speed.note(now, progress.done_bytes - progress.kept_bytes)
        if now >= self._next_refresh or progress.done_bytes == progress.total_bytes:
            self._live.update(self._text(progress), refresh=True)
            self._next_refresh = now + _REFRESH_S

    def end(self) -> None:
        """Take the line away."""
        self._live.stop()

    def _text(self, progress: Progress) -> Text:
        from rich.text import Text

        width = self._console.width - _ROOM_FOR_ECHO
        pieces = line(progress, width, bytes_per_s=self._speed.bytes_per_s())
        return Text.assemble(*pieces, no_wrap=True, overflow="crop")


__all__ = ["Bar", "Speed", "line", "title"]
