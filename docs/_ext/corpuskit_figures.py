"""The directive `{figure-of} NAME`: the drawing that docs/figures/NAME.py makes, with a caption.

```{figure-of} windows
:alt: What the picture shows, in words.
The caption.
```
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FIGURES = Path(__file__).parents[1] / "figures"
DIRECTIVE = re.compile(r"^```\{figure-of\} (\w+)\n:alt: (.*)\n((?:.*\n)*?)```$", re.MULTILINE)


def figure(name: str) -> ModuleType:
    """The module that draws a figure: its `data()` is what is drawn, `draw(alt)` the SVG."""
    spec = importlib.util.spec_from_file_location(f"figure_{name}", FIGURES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FigureOf(SphinxDirective):
    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        if not self.options.get("alt"):
            raise self.error(f"figure {self.arguments[0]} needs :alt:, what it shows in words")
        svg = figure(self.arguments[0]).draw(self.options["alt"])
        picture = nodes.raw("", f'<div class="drawing">{svg}</div>', format="html")
        caption = nodes.caption()
        inline, messages = self.parse_inline(" ".join(self.content))
        caption += inline
        return [nodes.figure("", picture, caption), *messages]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("figure-of", FigureOf)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
