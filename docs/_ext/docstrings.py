"""Docstrings, types and tables as the text of pages: Markdown, and the reStructuredText of autodoc."""

from __future__ import annotations

import json
import re
import textwrap
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def code(text: object) -> str:
    """Text as inline code; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def _cell(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text.strip()).replace("|", "\\|")


def arguments(docstring: str) -> tuple[str, dict[str, str]]:
    """A docstring without its Args section, and what that section says of each name."""
    found = re.search(r"^Args:\n((?:[ ]+.*\n?|\n)+)", docstring, re.MULTILINE)
    if found is None:
        return docstring, {}
    lines = textwrap.dedent(found[1]).strip().splitlines()
    meanings: dict[str, list[str]] = {}
    for line in lines:
        name, colon, text = line.partition(": ")
        if colon and name.isidentifier():
            meanings[name] = [text]
        else:
            meanings[list(meanings)[-1]].append(line.strip())
    prose = (docstring[: found.start()] + docstring[found.end() :]).strip()
    return prose, {name: " ".join(text) for name, text in meanings.items()}


def markdown(docstring: str) -> str:
    """A docstring whose only section is an Example, as Markdown."""
    prose, _, example = docstring.partition("\nExample:\n")
    return "\n\n".join(part for part in (prose.strip(), textwrap.dedent(example).strip()) if part)


def restructured(lines: list[str]) -> list[str]:
    """A docstring's lines, which are Markdown where they hold code, as the reStructuredText of autodoc."""
    converted: list[str] = []
    fence = None
    for line in lines:
        mark = re.match(r"( *)```(\w*)$", line)
        if mark and fence is None:
            fence = mark[1]
            converted += ["", f"{fence}.. code-block:: {mark[2] or 'text'}", ""]
        elif mark:
            fence = None
            converted.append("")
        elif fence is not None:
            converted.append("   " + line if line.strip() else "")
        else:
            line = re.sub(r": ([A-Z])\.$", r": \1\\.", line)  # "N." would be an item of a list
            converted.append(re.sub(r"(?<![`:\w])`([^`]+)`(?!`)", r"``\1``", line))
    return converted


def fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def type_name(annotation: Any) -> str:
    """A type as a reader would write it."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_name(part) for part in typing.get_args(annotation))
    if origin is typing.Literal:
        return " or ".join(json.dumps(value) for value in typing.get_args(annotation))
    if origin is typing.Annotated:
        return type_name(typing.get_args(annotation)[0])
    if origin is not None:
        return f"{origin.__name__}[{', '.join(type_name(part) for part in typing.get_args(annotation))}]"
    if annotation is type(None):
        return "None"
    if isinstance(annotation, str):
        return annotation.replace(" | ", " or ")
    return getattr(annotation, "__name__", str(annotation))
