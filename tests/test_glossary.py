"""The glossary has the nouns of the public class names, one line each."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import corpuskit.plugin

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
#: Words of class names that mean what they mean everywhere.
ORDINARY = frozenset(
    [
        "any",
        "bad",
        "bit",
        "by",
        "byte",
        "choice",
        "encoded",
        "failed",
        "guard",
        "info",
        "large",
        "left",
        "out",
        "per",
        "plain",
        "remote",
        "stored",
        "too",
        "unicode",
        "weighted",
    ]
)

ENTRY = re.compile(r"^- \*\*([\w ]+)\*\*(?: \((.+?)\))?: (.+(?:\n  .+)*)", re.MULTILINE)


def entries() -> dict[str, str]:
    """Each noun and other name for it, and what it means."""
    found: dict[str, str] = {}
    for noun, others, meaning in ENTRY.findall(PAGE):
        for name in (noun, *filter(None, others.replace("`", "").split(", "))):
            assert name not in found, f"{name} is there twice"
            found[name] = meaning
    return found


def public_classes() -> set[str]:
    """The classes that users and the authors of plugins meet."""
    found = {name: getattr(face, name) for face in (corpuskit, corpuskit.plugin) for name in face.__all__}
    names = {name for name, value in found.items() if name[0].isupper() and inspect.isclass(value)}
    for path in (ROOT / "corpuskit").rglob("base.py"):
        nodes = ast.parse(path.read_text(encoding="utf-8")).body
        names |= {node.name for node in nodes if isinstance(node, ast.ClassDef) and node.name[0] != "_"}
    return names


def nouns(class_name: str) -> list[str]:
    """The words of a name in CamelCase, each in the singular."""
    words = re.findall(r"[A-Z][a-z]+|[a-z]+", class_name)
    return [re.sub(r"(?<=ch)es$|(?<!s)s$", "", word.lower()) for word in words]


def test_words_of_names_are_found():
    assert nouns("SpanSampler") == ["span", "sampler"]
    assert nouns("Batches") == ["batch"]
    assert nouns("BadDocuments") == ["bad", "document"]


@pytest.mark.parametrize("name", sorted(public_classes()))
def test_each_noun_of_a_public_class_is_in_the_glossary(name):
    known = {*entries(), *ORDINARY, "corpu"}
    assert [noun for noun in nouns(name.replace("Corpuskit", "")) if noun not in known] == []


def test_no_ordinary_word_is_left_over():
    used = {noun for name in public_classes() for noun in nouns(name)}
    assert used >= ORDINARY
    assert not ORDINARY & entries().keys()


def test_each_line_says_something_in_one_sentence():
    for noun, meaning in entries().items():
        assert meaning.endswith("."), noun
        assert not meaning.lower().startswith(f"{noun} "), noun


def test_every_line_of_the_page_is_an_entry():
    listed = re.findall(r"^- ", PAGE, re.MULTILINE)
    assert len(listed) == len(ENTRY.findall(PAGE)) > 60
