"""Docstrings: what they say of each parameter reads well by itself, and what their examples show is true."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest

import corpuskit

PACKAGE = Path(corpuskit.__file__).parent
FILES = [*PACKAGE.rglob("*.py"), *PACKAGE.parent.glob("plugins/*/corpuskit_*/*.py")]

SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises|Examples?|Note|Source):")
ENTRY = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*): (.*)")
#: A description that is a pronoun, or that another one must be read for.
RIDDLE = re.compile(
    r"(it|its own|they|them|theirs|this|that|the same|ditto|the \w+'s|see above|as (for|in) [^.]*|one a \w+"
    r"|told( \w+)*|\.\.\..*|.*[^ ,]\.\.\.|or .*)\.?",
    re.IGNORECASE,
)


def described(docstring: str) -> list[tuple[str, str]]:
    """The parameters and attributes of a docstring in Google's style, each with its description."""
    found: list[list[str]] = []
    section, indent, current = "", -1, None
    for line in docstring.splitlines():
        text = line.strip()
        if heading := SECTION.fullmatch(text):
            section, indent, current = heading[1], -1, None
        elif not text:
            current = None
        elif section in ("Args", "Attributes"):
            own = len(line) - len(line.lstrip())
            entry = ENTRY.fullmatch(text)
            if entry and indent in (-1, own):
                indent, current = own, [entry[1], entry[2]]
                found.append(current)
            elif current is not None:
                current[1] += " " + text
    return [(name, text) for name, text in found]


def test_descriptions_are_found():
    text = "Do.\n\nArgs:\n    one: It.\n    other: A thing\n        of two lines.\n\nReturns:\n    x: y\n"
    assert described(text) == [("one", "It."), ("other", "A thing of two lines.")]


@pytest.mark.parametrize("text", ["It.", "The part's.", "As for `prepare`.", "...up to this.", "Or that."])
def test_riddles_are_told(text):
    assert RIDDLE.fullmatch(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE.parent).as_posix())
def test_every_parameter_is_described_in_full_words(path):
    wrong = [
        f"{path.name}:{node.lineno} {name}: {text}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        for name, text in described(ast.get_docstring(node) or "")
        if RIDDLE.fullmatch(text) or len(text.split()) < 2 or not text.endswith((".", "?", ")", "`"))
    ]
    assert not wrong


EXAMPLES = [path for path in FILES if ">>>" in path.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, shared_cache) -> Path:
    """A folder with what the examples open: three corpora, a text and a configuration."""
    folder = tmp_path_factory.mktemp("examples")
    for dataset, name in (("tinyshakespeare",) * 2, ("tinyshakespeare", "web"), ("python-docs", "books")):
        corpuskit.prepare(dataset, encoding="gpt2", output=folder / "data" / name / "gpt2", progress=False)
    (folder / "my.txt").write_text("It was the best of times, it was the worst of times.\n")
    weights = (
        '[[mixture]]\ncorpus = "data/web/gpt2"\nweight = 0.7\n',
        '[[mixture]]\ncorpus = "data/books/gpt2"\nweight = 0.3\n',
    )
    (folder / "mixture.toml").write_text("".join(weights))
    (folder / "corpus.toml").write_text('[prepare]\ndataset = "tinyshakespeare"\n[batches]\nbatch_size = 8\n')
    return folder


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(PACKAGE.parent).as_posix())
def test_examples_show_what_is_printed(path, prepared, monkeypatch) -> None:
    monkeypatch.chdir(prepared)
    start = PACKAGE.parent if path.is_relative_to(PACKAGE) else path.parents[1]
    name = ".".join(path.relative_to(start).with_suffix("").parts)
    for part, package in (("corpuskit_huggingface", "datasets"), ("corpuskit.inspect.report", "vl_convert")):
        if name.startswith(part):
            pytest.importorskip(package)
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(module, optionflags=flags, extraglobs={"corpuskit": corpuskit, "Path": Path})
    assert found.attempted
    assert not found.failed


def test_no_example_is_left_out() -> None:
    assert not [path.name for path in FILES if "doctest: +SKIP" in path.read_text(encoding="utf-8")]
