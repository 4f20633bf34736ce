"""HTML that no text breaks out of, and the small tables that objects show of themselves in notebooks."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

#: What cannot be seen, reorders what is around it, ends a line where none is seen, or is half a character.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0d"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
#: Most rows of a table in a notebook.
_MAX_ROWS = 20
#: The text's own colour is mixed in, so that a table is light or dark as the notebook around it is.
_STYLE = (
    ".corpuskit{font:13px/1.5 system-ui,sans-serif;max-width:60em}"
    ".corpuskit table{border-collapse:collapse;margin:.3em 0}"
    ".corpuskit caption{text-align:left;font-weight:600;padding:.2em 0;color:inherit}"
    ".corpuskit th,.corpuskit td{text-align:left;vertical-align:top;padding:.15em .9em .15em 0;"
    "border-bottom:1px solid rgba(128,128,128,.3);background:none;color:inherit;overflow-wrap:anywhere}"
    ".corpuskit th{font-weight:600;opacity:.75}"
    ".corpuskit .number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    ".corpuskit dl{display:grid;grid-template-columns:max-content 1fr;gap:0 .9em;margin:.3em 0}"
    ".corpuskit dt{opacity:.75}.corpuskit dd{margin:0;overflow-wrap:anywhere}"
)


def escape(value: object) -> str:
    """A value's text as HTML, in an element or in a quoted attribute.

    Characters that cannot be seen, or that reorder others, are spelled out as their code points; line feeds
    and tabs stay.
    """
    return html.escape(spell(str(value)))


def spell(text: str) -> str:
    """Text in which those characters are spelled out, for what escapes it itself."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def display(
    title: str,
    facts: Mapping[str, object],
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[object]] = (),
) -> str:
    """What an object shows of itself in a notebook: facts, and a table below them.

    Args:
        title: What it is.
        facts: What there is to say of the whole, by name; empty values are left out.
        columns: The names of the table's columns; without any there is no table.
        rows: Values for each column; whole numbers stand to the right.

    Returns:
        HTML with a style of its own and without a script.
    """
    said = "".join(
        f"<dt>{escape(name)}</dt><dd>{_shown(value)}</dd>" for name, value in facts.items() if value != ""
    )
    parts = [f"<strong>{escape(title)}</strong>", f"<dl>{said}</dl>" if said else ""]
    if columns:
        parts.append(table(columns, rows[:_MAX_ROWS]))
        if len(rows) > _MAX_ROWS:
            parts.append(f"<div>and {len(rows) - _MAX_ROWS:,} more</div>")
    return f'<div class="corpuskit"><style>{_STYLE}</style>{"".join(parts)}</div>'


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; whole numbers stand to the right.

    Args:
        columns: The names of its columns; those that nothing is in are left out.
        rows: A value for each column.
    """
    kept = [number for number in range(len(columns)) if any(row[number] != "" for row in rows)]
    is_number = [isinstance(rows[0][number], int) for number in kept]
    names = [columns[number] for number in kept]
    head = _row("th", names, is_number)
    body = "".join(_row("td", [row[number] for number in kept], is_number) for row in rows)
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _row(tag: str, values: Sequence[object], is_number: Sequence[bool]) -> str:
    kinds = (" class=number" if one else "" for one in is_number)
    cells = (f"<{tag}{kind}>{_shown(value)}</{tag}>" for kind, value in zip(kinds, values, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(value)


__all__ = ["display", "escape", "spell", "table"]
