"""The built documentation: it asks no other host for anything, and has notebooks and a sheet of the API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import corpuskit
import corpuskit.errors
import corpuskit.plugin
from corpuskit.cli import COMMANDS

nbformat = pytest.importorskip("nbformat")
SearchEnglish = pytest.importorskip("sphinx.search.en").SearchEnglish

DOCS = Path(__file__).parents[1] / "docs"
CHAPTERS = sorted(path.stem for path in (DOCS / "tutorial").glob("*.md"))
#: The attributes from which a browser loads without being asked; `href` is one of <link> only.
LOADING = {"src", "srcset", "poster", "data", "background", "xlink:href", "formaction"}

pytestmark = pytest.mark.xdist_group("site")  # built once


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    done = subprocess.run(
        [*command, "-b", "html", "-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def is_elsewhere(url: str) -> bool:
    return re.match(r"\s*(?:https?:)?//", url) is not None


class Loads(HTMLParser):
    """What a page loads from elsewhere, in `found`, and its style sheets and scripts, in `inline`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            if name in LOADING or (name == "href" and tag in ("link", "image", "use")):
                urls = (value or "").split(",") if name == "srcset" else [value or ""]
                self.found += [url for url in urls if is_elsewhere(url)]
            elif name == "style":
                self.found += from_styles(value or "")

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.found += from_styles(data)
        elif self._inside == "script":
            self.found += from_scripts(data)


def from_styles(css: str) -> list[str]:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    urls = re.findall(r"""(?:url\(\s*|@import\s+)["']?([^"')\s]+)""", css)
    return [url for url in urls if is_elsewhere(url)]


def from_scripts(script: str) -> list[str]:
    """Addresses in a script's strings, except names of XML vocabularies, which nobody loads."""
    urls = re.findall(r"""["'`]((?:https?:)?//[^"'`\s]+)["'`]""", script)
    return [url for url in urls if not url.startswith("http://www.w3.org/")]


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/x.css">',
        '<img srcset="a.png, https://example.org/b.png 2x">',
        '<style>@import "https://example.org/a.css";</style>',
        '<p style="background: url(http://example.org/a.png)"></p>',
        '<script>load("https://example.org/math.js")</script>',
    ],
)
def test_a_load_from_elsewhere_is_found(html) -> None:
    assert Loads(html).found


def test_links_and_names_of_vocabularies_are_no_loads() -> None:
    assert not Loads(
        '<a href="https://example.org">x</a><svg xmlns="http://www.w3.org/2000/svg"></svg>'
    ).found


def test_no_page_loads_anything_from_elsewhere(site) -> None:
    readers = {
        ".html": lambda text: Loads(text).found,
        ".css": from_styles,
        ".js": from_scripts,
        ".svg": lambda text: Loads(text).found,
    }
    files = [path for path in site.rglob("*") if path.suffix in readers]
    assert {path.suffix for path in files} >= {".html", ".css", ".js"}
    found = {path.name: readers[path.suffix](path.read_text(encoding="utf-8")) for path in files}
    assert {name: urls for name, urls in found.items() if urls} == {}


def test_site_has_every_public_name(site) -> None:
    html = (site / "api.html").read_text(encoding="utf-8")
    assert all(f'id="corpuskit.{name}"' in html for name in corpuskit.__all__)


def pages_with(site, words: str) -> set[str]:
    """The pages that the site's own search finds for words: those that have the stem of each."""
    script = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(script[script.index("{") : script.rindex("}") + 1])
    stem = SearchEnglish({}).stem
    found = []
    for word in words.split():
        terms = [index[kind].get(stem(word), []) for kind in ("terms", "titleterms")]
        numbers = [number for some in terms for number in (some if isinstance(some, list) else [some])]
        found.append({index["docnames"][number] for number in numbers})
    return set.intersection(*found)


@pytest.mark.parametrize(
    ("words", "page"),
    [
        ("memory mapping", "tutorial/4-files"),
        ("context window", "tutorial/5-windows-and-batches"),
        ("epoch", "glossary"),
        ("byte-pair encoding", "tutorial/3-tokens"),
        ("resume", "tutorial/6-dataset-and-dataloader"),
    ],
)
def test_a_search_for_a_concept_finds_the_page_that_explains_it(site, words, page) -> None:
    assert page in pages_with(site, words.replace("-", " "))


def test_readers_see_the_names_of_files_and_copy_what_is_typed(site) -> None:
    html = (site / "tutorial/1-configuration.html").read_text(encoding="utf-8")
    assert re.search(r'class="code-block-caption"><span class="caption-text">run.toml</span>', html)
    assert '<div class="output highlight-text' in html
    assert "<!-- file" not in html
    assert "<!-- output" not in html
    script = (site / "_static/copybutton.js").read_text(encoding="utf-8")
    assert "div:not(.output) > div.highlight pre" in script


def test_pages_that_are_files_of_the_repository_link_within_the_site(site) -> None:
    html = (site / "plugins/ray.html").read_text(encoding="utf-8")
    assert 'href="../clusters.html"' in html
    assert "README.md" not in html
    assert 'href="../faults.html"' in (site / "project/changelog.html").read_text(encoding="utf-8")


def test_the_api_sheet_has_every_name_and_fits_into_a_prompt(site) -> None:
    sheet = (site / "api-sheet.txt").read_text(encoding="utf-8")
    assert len(sheet.encode()) < 80_000
    assert not [
        name for name in corpuskit.__all__ if not re.search(rf"^(class )?{name}\b", sheet, re.MULTILINE)
    ]
    assert not [name for name in corpuskit.plugin.__all__ if not re.search(rf"\b{name}\b", sheet)]
    assert not [error for error in vars(corpuskit.errors) if error.endswith("Error") and error not in sheet]
    for command in COMMANDS:
        assert f"\ncorpuskit {command} " in sheet
    for model in (corpuskit.PrepareConfig, corpuskit.BatchConfig):
        assert not [field for field in model.model_fields if f"\n{field}: " not in sheet]
    for method in ("batches(", "seek(", "state_dict(", "load_state_dict(", "iterable(", "document("):
        assert f"\n    .{method}" in sheet
    assert "**kwargs" not in sheet
    assert "object at 0x" not in sheet


def test_the_schema_beside_the_pages_is_that_of_manifests(site, tmp_path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((site / "manifest.schema.json").read_text(encoding="utf-8"))
    corpus = corpuskit.prepare("python-docs", encoding="bytes", output=tmp_path / "corpus", progress=False)
    manifest = json.loads((corpus.path / "manifest.json").read_text(encoding="utf-8"))
    jsonschema.validate(manifest, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**manifest, "dtype": "<u3"}, schema)


def test_formulas_are_drawn_by_the_browser_itself(site) -> None:
    html = (site / "tutorial/5-windows-and-batches.html").read_text(encoding="utf-8")
    assert html.count("<math ") > 10
    assert "\\frac" not in html
    assert "$$" not in html


def test_every_drawing_says_in_words_what_it_shows(site) -> None:
    drawings = [
        label
        for page in site.rglob("*.html")
        for label in re.findall(
            r'<div class="drawing"><svg [^>]*aria-label="([^"]*)"', page.read_text("utf-8")
        )
    ]
    assert len(drawings) >= 5
    assert all(len(label.split()) > 8 for label in drawings)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_offers_itself_as_a_notebook(site, chapter) -> None:
    assert f'href="{chapter}.ipynb"' in (site / f"tutorial/{chapter}.html").read_text(encoding="utf-8")
    notebook = nbformat.read(site / f"tutorial/{chapter}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert any(outputs(notebook))
    cells = notebook.cells
    text = "".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    assert "<!--" not in text
    assert "{figure-of}" not in text
    assert ".md)" not in text


def test_a_chapters_notebook_prints_what_it_shows_in_a_kernel(site, tmp_path, monkeypatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(site / "tutorial/5-windows-and-batches.ipynb", as_version=4)
    shown = outputs(notebook)
    assert len(shown) > 10
    resources = {"metadata": {"path": str(tmp_path)}}
    assert outputs(nbclient.NotebookClient(notebook, resources=resources).execute()) == shown


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_notebook_writes_the_files_that_its_page_shows(site, chapter) -> None:
    page = (DOCS / f"tutorial/{chapter}.md").read_text(encoding="utf-8")
    notebook = nbformat.read(site / f"tutorial/{chapter}.ipynb", as_version=4)
    firsts = [cell.source.splitlines()[0] for cell in notebook.cells if cell.cell_type == "code"]
    written = [first.removeprefix("%%writefile ") for first in firsts if first.startswith("%%writefile ")]
    assert written == re.findall(r"^<!-- file: (.+?) -->$", page, re.MULTILINE)


def test_no_page_says_where_it_was_built(site) -> None:
    here = [str(DOCS.parent), os.environ.get("PATH", "no path"), "environ({"]
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert not [(path.name, word) for path, text in pages.items() for word in here if word in text]


def outputs(notebook) -> list[str]:
    """What each of a notebook's code cells prints."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(output.text for output in cell.outputs).strip() for cell in cells]


def test_what_the_page_for_language_models_names_is_there_and_its_code_runs(site, tmp_path) -> None:
    page = (site / "llms.txt").read_text(encoding="utf-8")
    links = re.findall(r"\]\((.+?)\)", page)
    assert len(links) > 15
    assert not [link for link in links if not (site / link).exists()]
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code is not None
    done = subprocess.run(
        [sys.executable, "-c", code[1] + "print(x.dtype, tuple(x.shape), state['sample'])"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(DOCS.parent), "CORPUSKIT_PLUGINS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "torch.int64 (64, 128) 0\n", done.stderr
