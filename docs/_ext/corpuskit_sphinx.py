"""The Sphinx side of the reference: blocks that are replaced by Markdown, and Markdown inside docstrings.

A block is replaced in the page's source, before it is parsed, so that its headings are the page's own.

| block | what it becomes |
|---|---|
| `{corpuskit-cli}` | every command and option |
| `{corpuskit-config} prepare` | the fields of a configuration model |
| `{corpuskit-hooks}` | every hook and the spec it returns |
| `{corpuskit-components} source` | what comes with corpuskit of a kind |
| `{corpuskit-errors}` | every error class |
| `{corpuskit-manifest}` | the manifest's fields and its JSON schema |
| `{corpuskit-api}` | every public name |
"""

from __future__ import annotations

import re
from typing import Any

import corpuskit_reference as reference
from pydantic import BaseModel
from sphinx.application import Sphinx

_BLOCK = re.compile(r"^```\{corpuskit-(\w+)\} ?(.*)\n```$", re.MULTILINE)


def _expand(app: Sphinx, page: str, source: list[str]) -> None:
    """Put what a function of `corpuskit_reference` returns in the place of each block."""
    source[0] = _BLOCK.sub(
        lambda found: getattr(reference, f"{found[1]}_reference")(*found[2].split()), source[0]
    )


def _fences_to_directives(lines: list[str]) -> list[str]:
    """Docstrings are Markdown where they hold code; autodoc reads reStructuredText."""
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
            converted.append(re.sub(r"(?<![`:\w])`([^`]+)`(?!`)", r"``\1``", line))
    return converted


def _process_docstring(app: Sphinx, kind: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = _fences_to_directives(lines)


def _process_signature(
    app: Sphinx, kind: str, name: str, value: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """A model's fields are a table on the configuration page; its signature would repeat them all."""
    if isinstance(value, type) and issubclass(value, BaseModel):
        return "(**fields)", ""
    return None


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _expand)
    app.connect("autodoc-process-docstring", _process_docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", _process_signature)
    # What is generated depends on the code, which Sphinx does not watch: read every page every time.
    app.connect("env-get-outdated", lambda app, env, added, changed, removed: sorted(env.found_docs))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
