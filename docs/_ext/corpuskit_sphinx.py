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
| `{corpuskit-faults}` | the fault catalogue, with the tests that cover it |
| `{corpuskit-api}` | every public name |
| `{corpuskit-plugin}` | every name of `corpuskit.plugin` |
"""

from __future__ import annotations

import re
from typing import Any

import corpuskit_reference as reference
from docstrings import restructured
from docutils import nodes
from pydantic import BaseModel
from sphinx.application import Sphinx

_ARRAY = re.compile(r"~?numpy\.ndarray\[~?[\w.]*tuple\[~?typing\.Any, \.\.\.\], ~?numpy\.dtype\[(.*?\]?)\]\]")


def _expand(app: Sphinx, page: str, source: list[str]) -> None:
    """Put what is generated in the place of each block."""
    source[0] = reference.expanded(source[0])


def _process_docstring(app: Sphinx, kind: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = restructured(lines)


def _process_signature(
    app: Sphinx, kind: str, name: str, value: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, str] | None:
    """Shorten what would fill lines: a model's fields, which have a table, and the types of arrays."""
    if isinstance(value, type) and issubclass(value, BaseModel):
        return "(**fields)", ""
    if signature is None:
        return None
    return _ARRAY.sub(r"NDArray[\1]", signature), _ARRAY.sub(r"NDArray[\1]", returns or "")


def _dashes(app: Sphinx, doctree: nodes.document) -> None:
    """Sphinx writes " -- " after a parameter's name and leaves the dash to smartquotes, which are off."""
    for text in list(doctree.findall(nodes.Text)):
        if text == " -- ":
            text.parent.replace(text, nodes.Text(" \N{EN DASH} "))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _expand)
    app.connect("doctree-read", _dashes)
    app.connect("autodoc-process-docstring", _process_docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", _process_signature)
    # What is generated depends on the code, which Sphinx does not watch: read every page every time.
    app.connect("env-get-outdated", lambda app, env, added, changed, removed: sorted(env.found_docs))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
