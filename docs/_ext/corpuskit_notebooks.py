"""Each chapter of the tutorial as a Jupyter notebook, made from its page and beside it in the built site.

Blocks of Python are code cells with the output that the page shows, commands are cells that begin with `!`,
and all else is Markdown. Links to other pages are left out, because a notebook is read without them.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from corpuskit_figures import DIRECTIVE, figure
from pages import Block, blocks
from sphinx.application import Sphinx

TUTORIAL = "tutorial/"
_HEADING = re.compile(r"^# .*\n", re.MULTILINE)


def notebook(page: str) -> dict[str, Any]:
    """A page's notebook, as what its JSON holds (nbformat 4.5)."""
    cells: list[dict[str, Any]] = []
    end = 0
    for block in blocks(page):
        _add_markdown(cells, page[end : block.place[0]])
        end = block.place[1]
        if block.is_output:
            cells[-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": block.code}]
        elif block.mark == "not run" or block.language not in ("python", "console"):
            _add_markdown(cells, page[slice(*block.place)])
        else:
            source, printed = _code(block)
            outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
            _add(cells, "code", source, execution_count=None, outputs=outputs)
    _add_markdown(cells, page[end:])
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _code(block: Block) -> tuple[str, str]:
    """A cell's source, and what the page says it prints where that is in the block itself."""
    if block.mark == "file":
        return f"%%writefile {block.detail}\n{block.code}", ""
    if block.language == "python":
        return block.code, ""
    lines = block.code.splitlines(keepends=True)
    commands = "".join(f"!{line[2:]}" for line in lines if line.startswith("$ "))
    return commands, "".join(line for line in lines if not line.startswith("$ "))


def _add_markdown(cells: list[dict[str, Any]], text: str) -> None:
    text = DIRECTIVE.sub(_picture, text)
    text = re.sub(r"<!-- .*? -->", "", text, flags=re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\((?!https?:|data:)[^)]*\)", r"\1", text).strip()
    if text:
        _add(cells, "markdown", text)


def _picture(found: re.Match[str]) -> str:
    svg = figure(found[1]).draw(found[2])
    coded = base64.b64encode(svg.encode()).decode()
    alt = found[2].replace("[", "(").replace("]", ")")
    return f"![{alt}](data:image/svg+xml;base64,{coded})\n\n*{found[3].strip()}*"


def _add(cells: list[dict[str, Any]], kind: str, source: str, **more: Any) -> None:
    cells.append(
        {"cell_type": kind, "id": f"cell-{len(cells)}", "metadata": {}, "source": source.rstrip("\n"), **more}
    )


def _offer(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the notebook's link below a chapter's title."""
    if page.startswith(TUTORIAL):
        name = page.removeprefix(TUTORIAL)
        link = f'<p><a href="{name}.ipynb" download>Download this page as a notebook</a></p>'
        offer = f"\n```{{raw}} html\n{link}\n```\n"
        source[0] = _HEADING.sub(lambda found: found[0] + offer, source[0], count=1)


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    for page in app.env.found_docs:
        if page.startswith(TUTORIAL):
            text = Path(app.env.doc2path(page)).read_text(encoding="utf-8")
            target = Path(app.outdir, f"{page}.ipynb")
            target.write_text(json.dumps(notebook(text), indent=1), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _offer)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
