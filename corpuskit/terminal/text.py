"""Text for people: safe on a terminal, and numbers with their units."""

from __future__ import annotations

import re

#: Characters that can move a terminal's cursor, recolour it or reorder its text.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
BYTE_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))


def safe(text: str) -> str:
    """Text in which control and bidirectional characters are spelled out."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """The same for text that must stay one line."""
    return safe(text).replace("\n", "\\n").replace("\t", "\\t")


def size(size_bytes: float) -> str:
    """A number of bytes for people: 603.9 kB, 1.1 MB."""
    scale, unit = next((pair for pair in BYTE_UNITS if size_bytes >= pair[0]), BYTE_UNITS[-1])
    return f"{size_bytes / scale:.{0 if scale == 1 else 1}f} {unit}"


def duration(seconds: float) -> str:
    """Seconds for people: 4 s, 3 min, 2 h 10 min."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
