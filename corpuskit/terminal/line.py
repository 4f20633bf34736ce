"""Progress in one line of text that is written over again: for notebooks that can show no bars."""

from __future__ import annotations

import sys
import time

#: How often the line is written anew.
_REFRESH_S = 0.5


class Line:
    """A line on stderr. It ends where the work of another name begins, and in the end."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._width = 0
        self._next_refresh = 0.0

    def show(self, name: str, done_bytes: int, total_bytes: int | None, detail: str) -> None:
        """Say how far the work of a name is.

        Args:
            name: The work.
            done_bytes: How much is done.
            total_bytes: Of how much, if anybody knows.
            detail: What else there is to say.
        """
        if name != self._name:
            self.end()
            self._name = name
        elif time.monotonic() < self._next_refresh and done_bytes != total_bytes:
            return
        share = f"{100 * done_bytes // total_bytes} %" if total_bytes else ""
        self._write(": ".join(filter(None, (name, ", ".join(filter(None, (share, detail)))))))
        self._next_refresh = time.monotonic() + _REFRESH_S

    def end(self) -> None:
        """End the line, if there is one."""
        if self._name is not None:
            sys.stderr.write("\n")
            sys.stderr.flush()
        self._name, self._width = None, 0

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r{text.ljust(self._width)}")
        sys.stderr.flush()
        self._width = len(text)
