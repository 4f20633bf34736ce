"""Links lead somewhere: those between files and to headings, and no address on the web is made up."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_ext"))
import corpuskit_reference as reference  # noqa: E402 - found by the line above

sys.path.pop(0)

DOCS = ROOT / "docs"
FILES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "AGENTS.md")),
        *ROOT.glob("plugins/*/README.md"),
        *DOCS.rglob("*.md"),
    ]
)
#: Made when the pages are built, so that no such file is in the checkout.
BUILT = {"api-sheet.txt", "manifest.schema.json"}

#: The hosts that may be named. The project has no address yet, so all are other people's; add one here after
#: you have seen the page that is linked. `example.org` is nobody's and is for examples (RFC 2606).
HOSTS = {
    *("example.org", "127.0.0.1", "localhost", "www.w3.org"),
    *("arxiv.org", "aclanthology.org", "doi.org"),
    *("arrow.apache.org", "duckdb.org"),
    *("docs.python.org", "docs.pydantic.dev", "docs.pytorch.org", "docs.ray.io", "numpy.org", "pytorch.org"),
    *("choosealicense.com", "filesystem-spec.readthedocs.io", "git-lfs.github.com", "keepachangelog.com"),
    *("man7.org", "semver.org"),
    *("cdn.openai.com", "data.deepai.org", "mattmahoney.net", "s3.amazonaws.com", "skylion007.github.io"),
    *(
        "docs.mlcommons.org",
        "mlcommons.org",
        "spdx.org",
        "toml.io",
        "vega.github.io",
        "wikitext.smerity.com",
        "www.gutenberg.org",
    ),
}
#: On hosts where everybody has pages, whose they may be.
PAGES = {
    "github.com": {
        "google",
        "google-deepmind",
        "huggingface",
        "karpathy",
        "Lightning-AI",
        "mosaicml",
        "NVIDIA",
        "openai",
        "pytorch",
        "stanford-crfm",
    },
    "raw.githubusercontent.com": {"karpathy"},
    "huggingface.co": {"datasets", "docs"},
}
ADDRESS = re.compile(r"https?://[\w.-]+(?:/[\w./-]*)?")
SUFFIXES = {".md", ".toml", ".txt", ".py", ".in", ".cff", ".yml", ".json"}


def prose(text: str) -> str:
    """Markdown without its blocks and pieces of code."""
    return re.sub(r"`[^`\n]+`", "`code`", re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.M | re.S))


def links(path: Path) -> list[str]:
    """What the links of a file lead to, apart from the web."""
    text = prose(reference.expanded(path.read_text(encoding="utf-8")))
    found = re.findall(r"\]\(<?([^)>\s]+)>?\)", text) + re.findall(r'\bhref="([^"]+)"', text)
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(path: Path) -> set[str]:
    """The anchors of a file's headings, as GitHub and MyST make them."""
    text = re.sub(
        r"^( *)```.*?^\1```$", "", reference.expanded(path.read_text(encoding="utf-8")), flags=re.M | re.S
    )
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = base = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = 0
        while slug in found:
            number += 1
            slug = f"{base}-{number}"
        found.add(slug)
    return found


def broken(path: Path, folder: Path) -> list[str]:
    """The links of a file that lead nowhere from a folder."""
    wrong = []
    for link in links(path):
        name, _, anchor = link.partition("#")
        target = folder / name if name else path
        if folder.is_relative_to(DOCS) and name in BUILT:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings_that_are_there(path) -> None:
    assert broken(path, path.parent) == []


@pytest.mark.parametrize(
    ("link", "is_broken"),
    [
        ("errors.md", False),
        ("errors.md#exit-codes", False),
        ("cli.md#corpuskit-prepare", False),  # a heading that is generated
        ("#here", False),
        ("nowhere.md", True),
        ("errors.md#nowhere", True),
        ("#nowhere", True),
    ],
)
def test_broken_links_are_found(link, is_broken, tmp_path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\n[text]({link}) and `[code](nowhere)`\n", encoding="utf-8")
    assert broken(page, DOCS) == ([link] if is_broken else [])


def texts() -> list[Path]:
    """Everything that users read or copy from, and what a new plugin begins with."""
    folders = (DOCS, ROOT / "plugins", ROOT / "corpuskit" / "scaffold")
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in SUFFIXES]
    found = [
        path for path in found if "tests" not in path.relative_to(ROOT).parts
    ]  # they speak with servers of their own
    return sorted([*found, *(path for path in ROOT.iterdir() if path.suffix in SUFFIXES)])


def invented(text: str) -> list[str]:
    """The addresses in a text that are on no list."""
    wrong = []
    for address in ADDRESS.findall(text):
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
        owner = parts.path.strip("/").partition("/")[0]
        if host.strip(".") and host not in HOSTS and owner not in PAGES.get(host, set()):
            wrong.append(address)
    return wrong


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_address_is_made_up(path) -> None:
    assert invented(path.read_text(encoding="utf-8")) == []


def test_addresses_that_are_on_no_list_are_found() -> None:
    text = "https://corpuskit.dev/docs, https://github.com/corpuskit/corpuskit and https://github.com/karpathy/nanoGPT"
    assert invented(text) == ["https://corpuskit.dev/docs", "https://github.com/corpuskit/corpuskit"]
