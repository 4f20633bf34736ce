"""The page of a report: one file under a policy that lets nothing in and runs only its own script."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import Any

from corpuskit.inspect.report.drawing import Chart, bundle
from corpuskit.markup import escape


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, which its script makes a tab.

    Args:
        name: Its name in the page, an identifier.
        title: What it is called.
        content: HTML, in which nothing unescaped came from a corpus.
        charts: Charts below the content.
    """

    name: str
    title: str
    content: str = ""
    charts: Sequence[Chart] = ()


def page(title: str, subtitle: str, sections: Sequence[Section], *, footer: str, static: bool) -> str:
    """The whole page.

    Args:
        title: What it is about, as text.
        subtitle: A line below it, as text.
        sections: Its parts, in order.
        footer: The last line, as text.
        static: Whether to leave out the script, and with it what the charts can do.
    """
    style = _file("report.css")
    script = "" if static else _inert(bundle(_file("report.js")))
    live = {chart.name: chart.live for section in sections for chart in section.charts}
    scripts = f'<script type="application/json" id="specs">{_json(live)}</script><script>{script}</script>'
    return Template(_file("report.html")).substitute(
        policy=_policy(style, script),
        title=escape(title),
        subtitle=escape(subtitle),
        style=style,
        links="".join(f'<a href="#{one.name}">{escape(one.title)}</a>' for one in sections),
        sections="".join(map(_section, sections)),
        footer=escape(footer),
        scripts="" if static else scripts,
    )


def _section(section: Section) -> str:
    charts = "".join(map(_chart, section.charts))
    heading = f'<h2 id="{section.name}-title">{escape(section.title)}</h2>'
    opening = f'<section id="{section.name}" aria-labelledby="{section.name}-title">'
    return f"{opening}{heading}{section.content}{charts}</section>"


def _chart(chart: Chart) -> str:
    note = f'<p class="note">{escape(chart.note)}</p>' if chart.note else ""
    return (
        f"<figure><figcaption><h3>{escape(chart.title)}</h3>{note}</figcaption>"
        f'<div class="chart" id="chart-{chart.name}">{chart.svg}</div></figure>'
    )


def _policy(style: str, script: str) -> str:
    """What the page may load and run: its own style and its own script, by their digests."""
    rules = ["default-src 'none'", f"style-src {_digest(style)}", "base-uri 'none'", "form-action 'none'"]
    return "; ".join([*rules, f"script-src {_digest(script)}"] if script else rules)


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inert(script: str) -> str:
    """A script in whose strings no HTML parser sees an element or a comment begin or end."""
    return re.sub(r"<(?=/?script|!--)", r"\\x3c", script, flags=re.IGNORECASE)


def _json(value: Any) -> str:
    """JSON that no HTML parser and no JavaScript sees an end in."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _file(name: str) -> str:
    return (resources.files("corpuskit.inspect.report") / "files" / name).read_text(encoding="utf-8")


__all__ = ["Section", "page"]
