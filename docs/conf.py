"""How the documentation is built: `sphinx-build --fail-on-warning --keep-going docs OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import corpuskit  # noqa: E402 - the checkout's own, found by the line above

project = "corpuskit"
author = "the corpuskit authors"
release = version = corpuskit.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "corpuskit_figures",
    "corpuskit_math",
    "corpuskit_notebooks",
    "corpuskit_pages",
    "corpuskit_sheet",
    "corpuskit_sphinx",
]
html_math_renderer = "mathml"
exclude_patterns = ["_build"]
templates_path: list[str] = []

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_dmath_allow_space = False
myst_dmath_double_inline = False

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_ivar = True
add_module_names = False

html_theme = "furo"
html_title = f"corpuskit {version}"
html_static_path = ["_static"]
html_extra_path = ["llms.txt"]
html_css_files = ["corpuskit.css"]
html_logo = html_favicon = "_static/logo.svg"
copybutton_prompt_text = "$ "  # of a terminal's block the commands are copied, without prompt and output
copybutton_selector = "div:not(.output) > div.highlight pre"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
smartquotes = False  # they would turn --flags and quoted values into something that cannot be typed
pygments_style = "friendly"
pygments_dark_style = "monokai"
