"""How pages look: what the comments above blocks mean to readers, and pages that are files of the repository.

| source | what readers see |
|---|---|
| `<!-- file: NAME -->` above a block | the block with the file's name as its caption |
| `<!-- output -->` above a block | a block in the style of outputs, without a button that copies it |
| `{repository-file} PATH` | the Markdown file, with its links turned into links of the site |
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
_FILE = re.compile(r"^```\{repository-file\} (.*)\n```$", re.MULTILINE)
_NAMED = re.compile(r"^<!-- file: (.*?) -->\n```(\w+)\n", re.MULTILINE)
_OUTPUT = re.compile(r"^<!-- output(?: varies: .*?)? -->\n```(\w+)\n", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\((?![a-z]+:)([^)#]+)(#[^)]*)?\)")


def included(path: str, page: str) -> str:
    """A file's text for a page of the site; a link to what the site does not have becomes plain text."""
    places = {source: name for name in _pages() if (source := _source_of(name))}

    def link(found: re.Match[str]) -> str:
        target = os.path.normpath(Path(path).parent / found[2])
        if target in places:
            target = f"docs/{places[target]}.md"
        if not (target.startswith("docs/") and (ROOT / target).exists()):
            return found[1]
        relative = os.path.relpath(target.removeprefix("docs/"), Path(page).parent)
        return f"[{found[1]}]({relative}{found[3] or ''})"

    return _LINK.sub(link, (ROOT / path).read_text(encoding="utf-8"))


def _pages() -> list[str]:
    docs = ROOT / "docs"
    return [str(path.relative_to(docs).with_suffix("")) for path in docs.rglob("*.md")]


def _source_of(page: str) -> str | None:
    """The file that a page is, where it is one."""
    found = _FILE.search((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
    return found[1] if found else None


def _dress(app: Sphinx, page: str, source: list[str]) -> None:
    text = _FILE.sub(lambda found: included(found[1], page), source[0])
    text = _NAMED.sub(r"```{code-block} \2\n:caption: \1\n\n", text)
    source[0] = _OUTPUT.sub(r"```{code-block} \1\n:class: output\n\n", text)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _dress)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
