"""Consoles of the library that draws; importing it takes 0.02 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def stderr_console() -> Console:
    """Where talk goes."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
