"""Each chapter of the tutorial as a Jupyter notebook, made from its page and beside it in the built site.

Blocks of Python are code cells with the output that the page shows, commands are cells that begin with `!`,
and all else is Markdown. Links to other pages are left out, because a notebook is read without them.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from corpuskit_figures import DIRECTIVE, figure
from pages import Block, blocks
from sphinx.application import Sphinx

TUTORIAL = "tutorial/"
_HEADING = re.compile(r"^# .*\n", re.MULTILINE)
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(page: str) -> nbformat.NotebookNode:
    """A page's notebook, with outputs."""
    pieces: list[str] = []
    outputs: list[str] = []
    end = 0
    for block in blocks(page):
        pieces.append(_markdown(page[end : block.place[0]]))
        end = block.place[1]
        if block.is_output:
            outputs[-1] = block.code
        elif block.mark == "not run" or (
            block.mark != "file" and block.language not in ("python", "console")
        ):
            pieces.append(_markdown(page[slice(*block.place)]))
        else:
            source, printed = _code(block)
            pieces.append(f"```python\n{source}```")
            outputs.append(printed)
    pieces.append(_markdown(page[end:]))
    made = jupytext.reads("\n\n".join(filter(None, pieces)), fmt="md")
    made.metadata = nbformat.from_dict({"kernelspec": _KERNEL})
    cells = [cell for cell in made.cells if cell.cell_type == "code"]
    for cell, printed in zip(cells, outputs, strict=True):
        cell.outputs = [nbformat.v4.new_output("stream", text=printed)] if printed else []
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"  # by default they are drawn, and no two builds are equal
    return made


def _code(block: Block) -> tuple[str, str]:
    """A cell's source, and what the page says it prints where that is in the block itself."""
    if block.mark == "file":
        return f"%%writefile {block.detail}\n{block.code}", ""
    if block.language == "python":
        return block.code, ""
    lines = block.code.splitlines(keepends=True)
    commands = "".join(f"!{line[2:]}" for line in lines if line.startswith("$ "))
    return commands, "".join(line for line in lines if not line.startswith("$ "))


def _markdown(text: str) -> str:
    """A cell of Markdown, in the marks that keep the blocks in it from becoming code."""
    text = DIRECTIVE.sub(_picture, text)
    text = re.sub(r"<!-- .*? -->", "", text, flags=re.DOTALL)
    text = re.sub(r"\[([^\]]*)\]\((?!https?:|data:)[^)]*\)", r"\1", text).strip()
    return f"<!-- #region -->\n{text}\n<!-- #endregion -->" if text else ""


def _picture(found: re.Match[str]) -> str:
    svg = figure(found[1]).draw(found[2])
    coded = base64.b64encode(svg.encode()).decode()
    alt = found[2].replace("[", "(").replace("]", ")")
    return f"![{alt}](data:image/svg+xml;base64,{coded})\n\n*{found[3].strip()}*"


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
            nbformat.write(notebook(text), Path(app.outdir, f"{page}.ipynb"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _offer)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
